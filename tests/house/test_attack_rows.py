"""Rows of the attack table that no other table asks: choices of many (12), permissions left over (16), prints (29),
salts of the log (30), mails (33), writes in every relation (3), one person twice (71), tokens used again (75)."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, Final

import pytest
from django import forms
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import reverse

from accounts.actions import add_person, appoint, end_appointment
from cases.access.actions import accept_terms, concur, sign_agreement
from cases.access.models import Grant
from cases.benchmarks.actions import agree_rule, check_pointer, record_pointer
from cases.labels.signing import propose, sign_determination
from cases.register.actions import move_case
from portal.audit.models import Entry
from portal.kit import printing
from portal.kit.clock import database_now
from portal.kit.refusal import Refused
from portal.notify.mail import send_notice
from portal.notify.models import Outbox
from portal.notify.notices import MAIL_JOB
from portal.notify.outbox import enqueue
from tests import walk
from tests.cast import Cast
from tests.house.attacks import MISSING, Attacked
from tests.house.canaries import WORD
from tests.house.doors import DOORS, PAGE_OF, POST_DOORS, ROLES, World
from tests.house.relations import Relation, relations
from tests.house.routes import arguments

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MANY: Final = forms.MultipleChoiceField | forms.ModelMultipleChoiceField
SALT: Final = re.compile(r"\b[0-9a-f]{32}\b")
LOG_PAGES: Final = (
    "cases:history",
    "cases:case",
    "cases:desk",
    "cases:verify",
    "cases:sight",
    "cases:document",
)
PRINTS: Final = (
    "cases:agreement_print",
    "cases:obligations_notice_file",
    "cases:receipt",
    "cases:document_file",
)
# of the relations those whose posts are tried: each of the four, on every side
TRIED: Final = {
    "liaison of another", "recused case_officer", "ended", "ended, the rest", "closed out", "named, then left",
}  # fmt: skip


class TestAttackRows(Attacked):
    """One world for all of them."""

    table: list[Relation]

    @classmethod
    def setUpTestData(cls) -> None:
        """The world of the attempts, and people in every relation to its case."""
        super().setUpTestData()
        cls.table = relations(cls.world, database_now())

    def many(self) -> Iterator[tuple[str, Client, str, forms.Field]]:
        """Every field of every form that takes several choices: path, client, name, field."""
        found = [(path, client, form) for _, path, client, form in self.forms()]
        officer = self.client_of("officer")
        path = f"{self.world.path('cases:grant_new')}?for=office:{self.world.cast.agency.pk}"
        found.append((path, officer, officer.get(path).context["form"]))
        for path, client, form in found:
            for name, one in form.fields.items():
                if isinstance(one, MANY):
                    yield path, client, name, one

    def test_12_one_foreign_id_among_own_refuses_all(self) -> None:
        """In every choice of many: the field's error, as for an id that does not exist, and nothing is written."""
        fields = list(self.many())
        before, tried, wrong = written(), 0, []
        for path, client, name, one in fields:
            own = [str(key) for key, _ in one.choices][:2]  # type: ignore[attr-defined]
            said = {
                id: _error(client.post(path, {name: [*own, id]}), name, id)
                for id in (self.foreign["document"], self.foreign["person"], MISSING)
            }
            tried += bool(own)
            if len(set(said.values())) != 1 or not said[MISSING].startswith("422 "):
                wrong.append(f"{path} {name}: {said}")
        assert tried > 2
        assert not wrong, "\n".join(wrong)
        assert written() == before

    def test_16_no_permission_stands_by_itself(self) -> None:
        """Object permissions hang on their objects by foreign keys and are told of in the log; the tables for any model
        are empty; what outlives its reason opens nothing."""
        for model in ("UserObjectPermission", "GroupObjectPermission"):
            assert not apps.get_model("guardian", model)._default_manager.exists()
        rows = apps.get_model("cases", "GrantUserPermission")._default_manager.all()
        told = {
            mark["pk"] for marks in Entry.objects.values_list("rows", flat=True) for mark in marks
            if mark["model"] == "cases.grantuserpermission"
        }  # fmt: skip
        assert rows.count() > 5
        assert {str(row.pk) for row in rows} <= told
        now = database_now()
        for row in rows.select_related("content_object", "user"):
            held = row.user.appointments.filter(organisation=row.content_object.organisation_id)
            assert held.exists(), row
            if row.content_object.closed_out_at or not held.filter(span__contains=now).exists():
                assert not Grant.objects.visible_to(row.user, now).filter(pk=row.content_object_id).exists()
        alone = "UPDATE cases_grantuserpermission SET content_object_id = gen_random_uuid(); "
        cursor = connection.cursor()
        with pytest.raises(IntegrityError, match="foreign key"), transaction.atomic():
            cursor.execute(alone + "SET CONSTRAINTS ALL IMMEDIATE")

    def test_29_prints_and_files_tell_nothing_of_others(self) -> None:
        """What is printed or sent as a file, read as the text it was made from, for every role."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(printing, "_library", _plain_library)
            wrong, opened = [], Counter[str]()
            for role in ROLES:
                client = self.client_of(role)
                for name in PRINTS:
                    answer = client.get(self.world.path(name))
                    opened[name] += answer.status_code == 200
                    text = f"{answer.headers} {body(answer)}"
                    wrong += [f"{name} as {role} tells {one}" for one in self.canaries.forbidden(role, text)]
        assert not wrong, "\n".join(wrong)
        assert opened["cases:agreement_print"] > 2
        assert opened["cases:document_file"] > 2

    def test_30_no_page_shows_a_salt_of_the_log(self) -> None:
        """With its salt a digest could be tried against few possible values; no page of the log shows one."""
        salts = set(Entry.objects.values_list("salt", flat=True))
        assert len(salts) > 50
        for role in ("auditor", "officer", "liaison"):
            client = self.client_of(role)
            for name, row in DOORS.items():
                if row.get(role) == 200:
                    assert not salts & set(SALT.findall(body(client.get(self.world.path(name))))), (
                        name,
                        role,
                    )

    def test_33_mails_tell_nothing(self) -> None:
        """Every mail of the world as it would lie in the folder, with its headers; and every job that waits."""
        jobs = list(Outbox.objects.filter(job=MAIL_JOB))
        assert len(jobs) > 20
        with TemporaryDirectory() as folder:
            backend = "django.core.mail.backends.filebased.EmailBackend"
            with override_settings(EMAIL_BACKEND=backend, EMAIL_FILE_PATH=folder):
                for job in jobs:
                    send_notice(**job.args, now=database_now())
            mails = [file.read_bytes() for file in Path(folder).iterdir()]
        assert len(mails) > 20
        for mail in mails:
            text = mail.decode()
            assert not WORD.search(text), text
            assert len(message_from_bytes(mail).get_all("To", [])) == 1
            assert not {"Cc", "Bcc"} & set(message_from_bytes(mail).keys())
        assert not WORD.search(str(list(Outbox.objects.values_list("key", "args"))))

    def askers(self) -> Iterator[tuple[str, Any, dict[str, Any], dict[str, int]]]:
        """Key, person, objects, and what GET answers at each address: of every relation, and of its own people."""
        for one in self.table:
            if one.key in TRIED:
                row = {name: one.expected(name) for name in one.doors()}
                posts = {name: one.expected(PAGE_OF[name]) if name in PAGE_OF else 404 for name in POST_DOORS}
                yield one.key, one.person, one.ids, {**row, **posts}
        for role in ("liaison", "partner"):
            row = {name: answers.get(role, 404) for name, answers in DOORS.items()}
            yield f"own {role}", getattr(self.world.cast, role), {}, row

    def test_3_posts_in_every_relation_write_nothing(self) -> None:
        """A whole form sent where one may not: to a hidden object the very 404 of a missing one; nothing is kept."""
        bodies, wrong = {name: plausible(form) for name, _, _, form in self.forms()}, []
        askers = list(self.askers())
        assert len(askers) == len(TRIED) + 2
        clients = {key: Client() for key, *_ in askers}
        for key, person, *_ in askers:
            clients[key].force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        before = written()
        for key, _, ids, row in askers:
            there = World(self.world.cast, self.world.ids | ids)
            for name, status in row.items():
                if status in (403, 404) and set(arguments(name)) - {"name"}:
                    paths = there.path(name), there.missing_path(name, MISSING)
                    said = _posted(clients[key], paths, bodies.get(name, {}), hidden=status == 404)
                    wrong += [f"POST {name} as {key}: {said}"] if said else []
        assert not wrong, "\n".join(wrong)
        assert written() == before


def _posted(client: Client, paths: tuple[str, str], sent: dict[str, Any], *, hidden: bool) -> str:
    """What is wrong with the answer to a post at the first path; the second is of an object that does not exist."""
    ours = client.post(paths[0], renewed(sent))
    if not hidden:
        return "" if ours.status_code in (403, 405, 409) else str(ours.status_code)
    none = client.post(paths[1], renewed(sent))
    same = _plain(ours, paths[0]) == _plain(none, paths[1]) and set(ours.headers) == set(none.headers)
    if ours.status_code in (404, 405) and ours.status_code == none.status_code and same:
        return ""
    return f"{ours.status_code}, of a missing object {none.status_code}"


def written() -> dict[str, int]:
    """How many rows every table has, and how often each is told of; sessions and refusals are no writes of a case."""
    found = {
        model._meta.label: model._default_manager.count()
        for model in apps.get_models()
        if model._meta.label
        not in ("sessions.Session", "portal.Entry", "portal.RefusalCount", "portal.Sequence")
    }
    return {**found, "portal.Entry": Entry.objects.exclude(kind="refused").count()}


def plausible(form: forms.BaseForm) -> dict[str, Any]:
    """What a person would send with this form: what stands in it, the first choice, a word, a small file."""
    sent: dict[str, Any] = {}
    for name, one in form.fields.items():
        choices = [key for key, _ in getattr(one, "choices", []) if key]
        if isinstance(one, forms.FileField):
            sent[name] = ("a.pdf", walk.PDF)
        elif isinstance(one, MANY):
            sent[name] = [str(key) for key in choices[:1]]
        else:
            sent[name] = form[name].value() or (str(choices[0]) if choices else "on")
    return {name: "" if value is None else value for name, value in sent.items()}


def renewed(sent: dict[str, Any]) -> dict[str, Any]:
    """The same with files to be read anew."""
    return {
        name: SimpleUploadedFile(*value) if isinstance(value, tuple) else value
        for name, value in sent.items()
    }


def _error(answer: HttpResponse, name: str, id: str) -> str:
    """Status and what the form says of a field, without the id that was sent."""
    form = answer.context["form"] if answer.context else None
    said = form.errors.get(name, form.non_field_errors()) if form else "no form"
    return f"{answer.status_code} {said}".replace(id, "")


def body(answer: HttpResponse) -> str:
    """The text of an answer."""
    parts = b"".join(answer) if answer.streaming else answer.content
    return parts.decode(errors="replace")


def _plain(answer: HttpResponse, path: str) -> str:
    return re.sub(r"<time.*?</time>|csrfmiddlewaretoken[^>]*>", "", body(answer)).replace(path, "")


def _plain_library() -> Any:
    """In place of the library that draws a PDF: what it was given, so that it can be searched."""
    page = lambda string, url_fetcher: SimpleNamespace(write_pdf=lambda **_: string.encode())  # noqa: E731
    return SimpleNamespace(CSS=lambda **_: None, HTML=page, urls=SimpleNamespace(URLFetcher=lambda **_: None))


# -- one person twice, tokens used again ------------------------------------------------------------------------------


def test_71_one_person_is_never_both(cast: Cast, now: datetime) -> None:
    """With a role on both sides, at once or one after the other: the second act is another person's, everywhere."""
    both = add_person(email="both@example.org", name="Both Sides", by=None, now=now)
    mine = [
        appoint(person=both, organisation=organisation, role=role, by=None, now=now)
        for organisation, role in ((cast.developer, "developer_signatory"), (cast.agency, "framework_lead"))
    ]
    case = walk.acknowledged(cast, now, release_at=now + walk.ANCHOR_AFTER)
    version = walk.agreement(cast, case, now)
    offer = walk.nominated(cast, case, now, both=False)

    def sign(at: datetime) -> Any:
        return sign_agreement(agreement=version, digest=version.text_digest, by=both, now=at)

    sign(now)
    concur(nomination=offer, by=both, now=now)
    for changed in (False, True):
        if changed:
            end_appointment(appointment=mine[0], by=None, now=now + HOUR)
            both.__dict__.pop("_appointments", None)
        with pytest.raises(Refused, match="second signature is another person's" if changed else "already"):
            sign(now + 2 * HOUR * changed)
        said = "second concurrence is another person's" if changed else "concurs already"
        with pytest.raises(Refused, match=said) as refused:
            concur(nomination=offer, by=both, now=now + 2 * HOUR * changed)
        assert refused.value.conflict
    copy = (
        "INSERT INTO cases_concurrence SELECT (jsonb_populate_record(t, jsonb_build_object('id', gen_random_uuid(), "
        "'side', 'agency'))).* FROM cases_concurrence t"
    )
    with (
        connection.cursor() as cursor,
        pytest.raises(IntegrityError, match="two_people"),
        transaction.atomic(),
    ):
        cursor.execute(copy)
    bench = walk.benchmarking(cast, now)
    rule = walk.agreed_rule(cast, walk.suite(cast, now), now)
    with pytest.raises(Refused, match="declared this rule yourself"):
        agree_rule(rule=rule, digest=rule.digest, by=cast.evaluator, now=now)
    pointer = record_pointer(
        case=bench, holding_agency="NSA", system="s", control_number="1", custodian="c", referenced_marking="S",
        cover_text="Elsewhere.", by=cast.evaluator, now=now,
    )  # fmt: skip
    with pytest.raises(Refused, match="wrote this cover text yourself"):
        check_pointer(pointer=pointer, by=cast.evaluator, now=now)


def test_71_one_address_is_one_account(cast: Cast, now: datetime) -> None:
    """As far as the portal can know, two accounts of one person are one address twice: no spelling is a second."""
    for address in ("LEAD@AGENCY.EXAMPLE", "Lead@Agency.example", "lead@agency.example"):
        with pytest.raises(IntegrityError, match="email"), transaction.atomic():
            add_person(email=address, name="Frances Lead", by=None, now=now)


def test_75_a_token_counts_for_its_own_text_and_person_alone(cast: Cast, now: datetime) -> None:
    """The digest or revision of another text, an earlier state, another person's hand: refused, nothing done."""
    case = walk.agreed(cast, now)
    first = walk.agreement(cast, case, now, closes_at=now + 9 * DAY)
    second = walk.agreement(cast, case, now, closes_at=now + 8 * DAY)
    grant = walk.partner_grant(cast, case, now, accepted=False)
    other = walk.partner_grant(cast, walk.agreed(cast, now), now, accepted=False)
    suite = walk.suite(cast, now)
    rules = [walk.agreed_rule(cast, suite, now, threshold=share) for share in (0.5, 0.6)]
    labeling = walk.consulted(cast, now)
    walk.quiet(labeling, cast.official, now)
    read = {"case": labeling, "outcome": "meets_threshold", "rationale": "As read."}
    seen = propose(by=cast.official, now=now, **read).digest
    stale = labeling.revision - 1

    def terms(digest: str, by: Any) -> Callable[[], Any]:
        return lambda: accept_terms(grant=grant, digest=digest, by=by, now=now)

    def signs(digest: str, by: Any) -> Callable[[], Any]:
        return lambda: sign_agreement(agreement=second, digest=digest, by=by, now=now)

    def determines(by: Any, **changed: str) -> Callable[[], Any]:
        return lambda: sign_determination(text_digest=seen, by=by, now=now, **{**read, **changed})

    own = walk.text_digest(walk.grant_terms(grant))
    tried: dict[str, tuple[Callable[[], Any], bool]] = {
        "another version's digest": (signs(first.text_digest, cast.signatory), True),
        "its own digest by somebody without the right": (
            signs(second.text_digest, cast.stranger_signatory),
            False,
        ),
        "the terms of another grant": (terms(walk.text_digest(walk.grant_terms(other)), cast.partner), True),
        "the terms by another partner": (terms(own, cast.other_partner), False),
        "another rule's digest": (
            lambda: agree_rule(rule=rules[1], digest=rules[0].digest, by=cast.evaluator2, now=now),
            True,
        ),
        "another rationale": (determines(cast.official, rationale="Other."), True),
        "another outcome": (determines(cast.official, outcome="does_not_meet_threshold"), True),
        "the text by another official": (determines(cast.lead), False),
        "the revision before": (
            lambda: move_case(case=labeling, name="withdraw", by=cast.signatory, now=now, revision=stale),
            True,
        ),
    }
    entries = Entry.objects.count()
    for name, (run, conflict) in tried.items():
        with pytest.raises(Refused) as refused, transaction.atomic():
            run()
        assert refused.value.conflict is conflict, (name, refused.value.sentence)
    assert Entry.objects.count() == entries
    for order in ("first", "second"):
        enqueue("job", key="one key", args={"order": order}, now=now)
    assert [row.args for row in Outbox.objects.filter(key="one key")] == [{"order": "first"}]


def test_75_a_form_token_is_its_owners(cast: Cast, now: datetime) -> None:
    """A form's token replayed from another session is refused before anything is asked."""
    case = walk.acknowledged(cast, now)
    path = reverse("cases:note", args=[case.pk])
    officer, lead = Client(enforce_csrf_checks=True), Client(enforce_csrf_checks=True)
    for client, person in ((officer, cast.officer), (lead, cast.lead)):
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        client.get(path)
    token = officer.cookies["foreview_csrf"].value
    assert lead.post(path, {"text": "x", "csrfmiddlewaretoken": token}).status_code == 403
    assert officer.post(path, {"text": "x", "csrfmiddlewaretoken": token}).status_code == 302
    assert case.notes.count() == 1
