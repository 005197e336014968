"""No licence language, and the voluntary sentence: what every page, choice, message, address and mail may not say.

The programme licenses nothing (Executive Order 14409, § 3(c)), so nothing a person reads says that it does. Everything
that can reach a person is read here: templates, choices, sentences in the code, addresses. Words are whole words with
their inflections. To say a forbidden word for a good reason, add a phrase to ALLOWED, with the reason.
"""

import ast
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.models import User
from accounts.permissions import PERMISSIONS
from accounts.roles import ROLES
from cases.context import VOLUNTARY
from cases.rules import clock, events, lifecycle, quotation
from tests import walk
from tests.cast import Cast

ROOT = Path(settings.BASE_DIR)
FORBIDDEN = re.compile(
    r"\b("
    r"approv(?:e[sd]?|ing|als?)|disapprov\w*|preapprov\w*|"
    r"clear(?:s|ed|ing|ances?|ly)?|preclear\w*|"
    r"licen[cs](?:e[sd]?|ing|ures?)|"
    r"permit(?:s|ted|ting)?|permissions?|"
    r"certif(?:y|ies|ied|ying|ications?)|"
    r"pass(?:es|ed|ing)?|fail(?:s|ed|ing|ures?)?|"
    r"den(?:y|ies|ied|ying|ials?)|"
    r"h[eo]ld(?:s|ing|ings)?|"
    r"block(?:s|ed|ing)?"
    r")\b",
    re.IGNORECASE,
)
# Each phrase with why it may stand. The words of § 3(c) are allowed only where they are quoted, verbatim.
ALLOWED = {
    "security clearance": "of people, never of a model",
    "object permission": "guardian's word, in code",
    "object permissions": "guardian's word, in code",
    "roles and permissions": "of people, heading of a generated document",
    "legal hold": "a duty to keep records",
    "legal holds": "a duty to keep records",
    quotation.NO_REQUIREMENT: "what § 3(c) of the order says",
}
# Text nobody but an operator or programmer reads: exceptions that are faults of code, and the log.
PROGRAMMERS = frozenset({"TypeError", "ValueError", "KeyError", "LookupError", "RuntimeError", "AssertionError",
                         "WriteOutsideAction", "TransactionManagementError", "Down"})  # fmt: skip


def said(text: str) -> list[str]:
    """Forbidden words in a text that a person reads, outside the allowed phrases."""
    text = re.sub(r"`[^`]*`", " ", " ".join(text.split()))  # code identifiers stand between backticks
    for phrase in sorted(ALLOWED, key=len, reverse=True):
        text = re.sub(re.escape(phrase), " ", text, flags=re.IGNORECASE)
    return [found.group(0) for found in FORBIDDEN.finditer(text)]


@pytest.mark.parametrize(
    "text",
    ["Approved", "This clears the model.", "a permit", "It was Denied", "licences", "passed", "failing", "on hold",
     "blocked", "certified", "preclearance", "License key", "disapproval", "held back"],
)  # fmt: skip
def test_the_test_hears_the_words(text: str) -> None:
    """Inflections, capitals and compounds are heard."""
    assert said(text)


@pytest.mark.parametrize(
    "text",
    ["a security clearance", "Legal holds", "password", "certificate of destruction", "nuclear", "threshold",
     "household", "building blocksmith", quotation.NO_REQUIREMENT],
)  # fmt: skip
def test_the_test_hears_nothing_else(text: str) -> None:
    """Allowed phrases and words that only look alike are let by."""
    assert not said(text)


# -- templates ----------------------------------------------------------------------------------------------------

COMMENT = re.compile(r"{%\s*comment.*?%}.*?{%\s*endcomment\s*%}|{#.*?#}|<!--.*?-->", re.DOTALL)
CODE = re.compile(
    r"""\b(?:class|id|for|name|type|href|src|action|method|rel|role|d|viewBox)=(?:"[^"]*"|'[^']*')"""
)
TAG = re.compile(r"{[%{].*?[%}]}", re.DOTALL)
QUOTED = re.compile(r'"([^"]*)"|\'([^\']*)\'')


def template_text(source: str) -> str:
    """What a template can show: its text, and the quoted words in its tags; comments and code names left out."""
    source = COMMENT.sub(" ", source)
    quoted = " \n ".join(a or b for tag in TAG.findall(source) for a, b in QUOTED.findall(tag))
    return CODE.sub(" ", TAG.sub(" ", source)) + " \n " + quoted


TEMPLATES = sorted(p for p in (ROOT / "templates").rglob("*") if p.is_file())


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: str(p.relative_to(ROOT / "templates")))
def test_templates(path: Path) -> None:
    """Pages, fragments and mails."""
    assert not said(template_text(path.read_text(encoding="utf-8")))


# -- choices, tables, addresses -----------------------------------------------------------------------------------


def _choice_labels() -> Iterator[tuple[str, str]]:
    for model in apps.get_models():
        for field in model._meta.get_fields():
            for _, label in getattr(field, "flatchoices", None) or ():
                yield f"{model.__name__}.{field.name}", str(label)


def _tables() -> Iterator[tuple[str, str]]:
    yield from ((f"event {one.kind}", one.sentence) for one in events.EVENTS.values())
    yield from ((f"permission {key}", text) for key, text in PERMISSIONS.items())
    yield from ((f"role {one.id}", f"{one.title}. {one.sentence}") for one in ROLES.values())
    yield from ((f"clock {one.id}", one.label) for one in clock.CLOCKS.values())
    yield from ((f"move {one.name}", f"{one.label}. {one.confirm}") for one in lifecycle.MOVES)


def test_choices_and_tables() -> None:
    """Every choice label of every model, event sentence, permission, role, clock and move."""
    offenders = [(where, text) for where, text in (*_choice_labels(), *_tables()) if said(text)]
    assert offenders == []


def _addresses(resolver: URLResolver, route: str = "", namespace: str = "") -> Iterator[tuple[str, str]]:
    for one in resolver.url_patterns:
        here = route + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from _addresses(one, here, f"{namespace}{one.namespace}:" if one.namespace else namespace)
        elif isinstance(one, URLPattern):
            yield here, f"{namespace}{one.name}"


def test_addresses() -> None:
    """Paths, their parameters and the names of URLs."""
    spoken = [(route, name) for route, name in _addresses(get_resolver())]
    assert len(spoken) > 20
    assert [pair for pair in spoken if any(said(re.sub(r"[^a-zA-Z]+", " ", part)) for part in pair)] == []


def test_stored_words() -> None:
    """Ids that reach addresses, exports and history: event kinds, moves, stages and the keys of choices."""
    keys = [
        *events.EVENTS,
        *lifecycle.STAGES,
        *lifecycle.CLOSED_REASONS,
        *(move.name for move in lifecycle.MOVES),
    ]
    keys += [
        str(key)
        for model in apps.get_models()
        for field in model._meta.get_fields()
        for key, _ in getattr(field, "flatchoices", None) or ()
    ]
    # The event kinds of a legal hold are that phrase in code.
    assert [
        key for key in keys if said(re.sub(r"[._-]+", " ", key)) and not key.startswith("records.hold_")
    ] == []


# -- sentences in the code ----------------------------------------------------------------------------------------


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _unread(tree: ast.AST) -> set[int]:
    """Constants nobody reads: docstrings, what programmers' exceptions and the log say, annotations, and SQL."""
    skipped: set[int] = set()

    def skip(node: ast.AST) -> None:
        skipped.update(id(one) for one in ast.walk(node) if isinstance(one, ast.Constant))

    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            skip(body[0].value) if isinstance(body[0].value, ast.Constant) else None
        if (
            isinstance(node, ast.Raise)
            and isinstance(node.exc, ast.Call)
            and _name(node.exc.func) in PROGRAMMERS
        ):
            skip(node.exc)
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and _name(node.func.value) in ("log", "logger")
        ):
            skip(node)
        if isinstance(node, ast.Call) and _name(node.func) == "execute":
            skip(node)
        if isinstance(node, ast.Assert) and node.msg is not None:
            skip(node.msg)
    return skipped


def sentences(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of every string that looks like words for a person: two words or more, or one capitalised."""
    tree = ast.parse(source)
    skipped = _unread(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            text = node.value.strip()
            if re.search(r"[A-Za-z]\w*[ \n]+\S", text) or re.fullmatch(r"[A-Z][a-z]+", text):
                yield node.lineno, text


IDENTIFIERS = "cases/rules/fields.py"  # a table of model and field names, which nobody but a programmer reads
SOURCES = sorted(
    path
    for app in ("cases", "accounts", "portal")
    for path in (ROOT / app).rglob("*.py")
    if "migrations" not in path.parts and not path.match(IDENTIFIERS)
)


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_sentences_in_the_code(path: Path) -> None:
    """Refusals, messages, labels, hints, event sentences: every string literal that a person may come to read."""
    found = [
        (line, text, said(text)) for line, text in sentences(path.read_text(encoding="utf-8")) if said(text)
    ]
    assert found == []


def test_what_the_order_says_of_licensing_stands_in_one_place() -> None:
    """§ 3(c) is told in `cases.rules.quotation` alone, and told as the denial that it is."""
    assert quotation.NO_REQUIREMENT.startswith("nothing in it authorizes a mandatory ")
    others = [
        p for p in SOURCES if p.name != "quotation.py" and "preclearance" in p.read_text(encoding="utf-8")
    ]
    assert others == []


# -- the voluntary sentence ---------------------------------------------------------------------------------------


def test_the_sentence_comes_from_the_context() -> None:
    """It stands once, in the frame's context, and no template has a copy of its own."""
    assert VOLUNTARY == "Participation is voluntary, and nothing here is needed to release a model."
    for path in TEMPLATES:
        assert VOLUNTARY not in path.read_text(encoding="utf-8")


def _arguments(case: Any) -> dict[str, Any]:
    """What the parameters of addresses stand for on a case that has everything."""
    document = case.documents.first()
    determination = case.determinations.get()
    return {
        "case_id": case.pk,
        "document_id": document.pk,
        "number": 1,
        "determination_id": determination.pk,
        "disclosure_id": determination.disclosures.get().pk,
        "label_id": case.labels.get().pk,
        "run_id": case.runs.get().pk,
        "consultation_id": case.consultations.first().pk,
        "name": "withdraw",
    }


def _pages(case: Any) -> Iterator[str]:
    known = _arguments(case)
    for route, name in _addresses(get_resolver()):
        wanted = re.findall(r"<(?:\w+:)?(\w+)>", route)
        if name.startswith("cases:") and all(one in known for one in wanted):
            yield reverse(name, kwargs={one: known[one] for one in wanted})


def test_every_page_a_developer_sees_says_that_participation_is_voluntary(
    cast: Cast, now: datetime, client_of: Callable[[User], Client]
) -> None:
    """Every address that answers the liaison or the signing official with a page, on a case that has everything."""
    case = walk.labelled(cast, now)
    seen = 0
    for person in (cast.liaison, cast.signatory):
        client = client_of(person)
        for address in _pages(case):
            answer = client.get(address)
            page = answer.headers.get("Content-Type", "").startswith("text/html") and not answer.streaming
            if page and answer.status_code in (200, 403, 409) and b"<html" in answer.content:
                assert VOLUNTARY.encode() in answer.content, address
                seen += 1
    assert seen >= 12
