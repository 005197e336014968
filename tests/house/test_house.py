"""The house stands as it was drawn: sizes, histories, field classes, events, docstrings, what imports what."""

import ast
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models

from cases.incidents.models import IncidentEntry
from cases.register.models import Case
from cases.reports import sight
from cases.reports.sight_things import SHOWN
from cases.rules import events, fields, lifecycle
from portal.audit.as_of import instant_column

ROOT = Path(settings.BASE_DIR)
APPS = ("portal", "accounts", "cases")
SOURCES = sorted(p for app in APPS for p in (ROOT / app).rglob("*.py") if "migrations" not in p.parts)
OURS = [m for m in apps.get_models() if m._meta.app_label in APPS and not m.__name__.startswith("Historical")]


def _calls(tree: ast.AST) -> set[str]:
    return {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_and_functions_are_small(path: Path) -> None:
    """No file past 400 lines, no function past 40, and every module, class and public function says what it is for."""
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400
    tree = ast.parse(text)
    if text.strip():
        assert ast.get_docstring(tree), "the module lacks its sentence"
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.ClassDef):
            continue
        if isinstance(node, ast.FunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= 40, f"{node.name} is {length} lines long"
        public = not node.name.startswith("_") and node in tree.body
        assert not public or ast.get_docstring(node), f"{node.name} lacks its docstring"


@pytest.mark.parametrize(
    "path", sorted((ROOT / "templates").rglob("*.html")), ids=lambda p: str(p.relative_to(ROOT / "templates"))
)
def test_templates_are_small_and_strict(path: Path) -> None:
    """No template past 120 lines; no inline script, style or handler, no address of another host."""
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 120
    assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|<style|\son[a-z]+=|javascript:", text)
    assert not re.search(r"(src|href)=\"(https?:)?//", text)


def test_what_a_person_may_see_is_answered_for() -> None:
    """A model with `visible_to` stands in the page "what exactly can this organization see?", or says why not."""
    asked = {m for m in OURS if hasattr(m._default_manager.get_queryset(), "visible_to")}
    answered = {kind.model for kind in sight.KINDS} | set(sight.APART)
    missing = {m.__name__ for m in asked - answered} - set(sight.LEFT_OUT)
    assert not missing, f"add to cases/reports/sight.py (KINDS, APART or LEFT_OUT with its reason): {missing}"
    assert all(len(reason.split()) > 3 for reason in sight.LEFT_OUT.values())
    assert set(sight.LEFT_OUT) <= {m.__name__ for m in asked - answered}, "left out no longer"
    shown = {row.rows.model for row in SHOWN.values()}
    assert shown == answered - {Case, IncidentEntry}, "sight_things.SHOWN"


@pytest.mark.parametrize("model", OURS, ids=lambda m: m._meta.label)
def test_every_model_has_history_or_a_reason(model: type[models.Model]) -> None:
    """A model is tracked by simple-history, or says in `history_reason` why not."""
    tracked = hasattr(model._meta, "simple_history_manager_attribute")
    through = model._meta.auto_created
    assert tracked or through or getattr(model, "history_reason", "")


def test_every_append_only_table_has_its_instant() -> None:
    """One field says when a row came; where a table has several, `instant` names it. `portal.audit.as_of` asks it."""
    for model in OURS:
        if getattr(model, "append_only", False):
            assert instant_column(model) in {"", *(one.column for one in model._meta.concrete_fields)}


@pytest.mark.parametrize(
    "model",
    [m for m in OURS if m._meta.app_label != "portal" and not m._meta.auto_created],
    ids=lambda m: m.__name__,
)
def test_every_field_is_classed_once(model: type[models.Model]) -> None:
    """Each field of each tracked model stands in the one table, and no row names a field that is gone."""
    known = set(fields.CLASSES.get(model.__name__, {})) - {"id"}
    actual = {f.name for f in model._meta.get_fields() if isinstance(f, models.Field)} - {"id"}
    if model.__name__ == "User":
        actual -= {"groups", "user_permissions"}
    assert known == actual


def test_foreign_keys_protect() -> None:
    """Nothing of ours is deleted because something else is; the one cascade is guardian's own permission row."""
    cascading = {
        f"{m.__name__}.{f.name}"
        for m in OURS
        for f in m._meta.concrete_fields
        if f.remote_field is not None
        and f.remote_field.on_delete is models.CASCADE
        and not m._meta.auto_created
    }
    assert cascading <= {
        "GrantUserPermission.content_object",
        "GrantUserPermission.user",
        "GrantUserPermission.permission",
    }


def test_every_event_is_used_and_every_use_has_a_row() -> None:
    """Each event kind stands in the code of some room, and each kind used stands in the table."""
    words: set[str] = set()
    for path in SOURCES:
        if path.name != "events.py":
            words |= _calls(ast.parse(path.read_text(encoding="utf-8")))
    unused = {
        kind for kind in events.EVENTS if kind not in words and kind not in {m.event for m in lifecycle.MOVES}
    }
    assert unused == set()
    prefixes = {kind.split(".")[0] for kind in events.EVENTS if "." in kind}
    told = {w for w in words if re.fullmatch(r"[a-z]+\.[a-z_]+", w) and w.split(".")[0] in prefixes}
    from accounts.permissions import PERMISSIONS

    past = {w for w in told if w.endswith(("ed", "en")) and w not in PERMISSIONS}
    assert past <= set(events.EVENTS)


def test_every_stage_is_reached_and_left() -> None:
    """From a draft every stage is reached by moves, and every live stage leads to an end."""
    reached, front = {lifecycle.DRAFT}, [lifecycle.DRAFT]
    while front:
        for move in lifecycle.moves_from(front.pop()):
            if move.to not in reached:
                reached.add(move.to)
                front.append(move.to)
    assert reached == set(lifecycle.STAGES)
    for stage in lifecycle.LIVE:
        assert {lifecycle.CLOSED, lifecycle.WITHDRAWN} & {m.to for m in lifecycle.moves_from(stage)}
    assert not [m for m in lifecycle.MOVES if m.frm in lifecycle.TERMINAL]
