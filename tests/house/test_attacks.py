"""Attempts at every address and every form: other methods, odd paths and ids, ids of others, fields nobody asked for.

The addresses come from the table of doors and the forms from the pages behind them, so that new ones are tried by
themselves. The world is the doors' one, with a word of its own in every field (`canaries`).
"""

import re
import statistics
import time
from typing import Any, Final

import pytest
from django import forms
from django.apps import apps
from django.core import serializers
from django.db import IntegrityError, connection, models, transaction
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import get_resolver, reverse

from cases.register.models import Case
from portal.audit.models import Entry
from portal.kit.models import Guarded, WriteOutsideAction
from tests.house.attacks import MISSING, Attacked
from tests.house.canaries import WORD
from tests.house.doors import DOORS
from tests.house.routes import arguments

OBJECTS: Final = [name for name in DOORS if set(arguments(name)) - {"name", "number"}]
OWN_NUMBERS: Final = {("cases:document_file", "number"), ("cases:document_quarantine", "number")}
ODD: Final = ("", "-1", "9223372036854775808", "NaN", "\x00", "x" * 5000, "١٢", "' OR 1=1--")


class TestAttacks(Attacked):
    """One world for every attempt, built once."""

    # -- methods, paths, ids ------------------------------------------------------------------------------------------

    def test_other_methods_do_nothing(self) -> None:
        """PUT, PATCH, DELETE, TRACE, OPTIONS and a method named in a field: refused everywhere, nothing written."""
        officer, stranger = self.client_of("officer"), self.client_of("stranger")
        before, wrong = Entry.objects.filter(kind__contains=".").count(), []
        for name in DOORS:
            path = self.world.path(name)
            for method in ("PUT", "PATCH", "DELETE", "TRACE", "OPTIONS"):
                client = officer if method in ("PUT", "DELETE") else stranger
                status = client.generic(method, path).status_code
                if status not in (403, 404, 405):
                    wrong.append(f"{method} {name}: {status}")
            status = stranger.get(
                path, {"_method": "DELETE"}, headers={"X-HTTP-Method-Override": "DELETE"}
            ).status_code
            if name in OBJECTS and status != 404:
                wrong.append(f"_method at {name}: {status}")
        assert not wrong, "\n".join(wrong)
        assert Entry.objects.filter(kind__contains=".").count() == before

    def test_odd_paths_lead_nowhere(self) -> None:
        """Doubled, dotted, encoded, upper-case and decorated paths, and ids that are none: 404, for readers too."""
        officer, wrong = self.client_of("officer"), []
        id = str(self.world.ids["case_id"])
        odd = [
            f"//cases/{id}/",
            f"/./cases/{id}/",
            f"/cases/%2e%2e/cases/{id}/",
            f"/cases/{id}/;x=1",
            f"/cases/{id}/..",
            f"/CASES/{id}/",
            f"/cases/{id}.json",
            f"/cases/{id}//",
            f"/cases/{id}/%00",
            f"/cases/{{{id}}}/",
            f"/cases/{id.replace('-', '')}/",
            f"/cases/{id.upper()}/",
            f"/cases/{id[:-1]}١/",
        ]
        odd += [f"/cases/{one}/" for one in ODD if one and "/" not in one]
        for path in odd:
            status = officer.get(path).status_code
            if status not in (301, 400, 404):
                wrong.append(f"{path[:80]!r}: {status}")
        assert not wrong, "\n".join(wrong)

    def test_addresses_take_random_ids_alone(self) -> None:
        """No address counts: ids are random, but for a document's own version numbers."""
        counting = {
            (name, key)
            for name in DOORS
            for key in arguments(name)
            if not key.endswith("_id") and (name, key) not in {("cases:move", "name"), *OWN_NUMBERS}
        }
        assert counting == set()

    # -- lists, searches, filters -------------------------------------------------------------------------------------

    def test_searches_filters_and_orders_tell_nothing(self) -> None:
        """Half and whole of a hidden word answer as nonsense does; unknown parameters answer as none does."""
        case = Case.objects.select_related("model_version__model").get(pk=self.world.ids["case_id"])
        words = (case.tracking_number, case.model_version.model.name, case.number)  # type: ignore[union-attr]
        fields = {"cases:cases": "q", "cases:register": "q", "cases:desk": "person"}
        for role in ("stranger", "other_partner", "org_admin", "evaluator2"):
            client = self.client_of(role)
            for name, field in fields.items():
                path = reverse(name)
                nonsense = _plain(client.get(path, {field: "nonsense"}), "nonsense")
                for word in words:
                    for asked in (word, word[6:], word[3:]):
                        assert _plain(client.get(path, {field: asked}), asked) == nonsense, (
                            role,
                            name,
                            asked,
                        )
        odd = {
            "order_by": "question",
            "sort": "-question",
            "ordering": "x",
            "question__startswith": "k",
            "_connector": "OR",
            "developer__email__startswith": "a",
            "per_page": "1000000000",
            "fields": "question",
            "format": "json",
        }
        for role, name in (
            ("officer", "cases:cases"),
            ("auditor", "cases:desk"),
            ("partner", "cases:grants"),
            ("liaison", "cases:register"),
            ("official", "cases:suites"),
            ("lead", "cases:notices"),
        ):
            client, path = self.client_of(role), reverse(name)
            plain = _plain(client.get(path))
            for key, value in odd.items():
                answer = client.get(path, {key: value})
                assert answer.status_code == 200
                assert _plain(answer) == plain, (name, key)
            for value in ODD:
                for key in ("cursor", "before", "q", "stage", "page", "at", "organization", "about"):
                    assert client.get(path, {key: value}).status_code < 500, (name, key, value)

    # -- forms --------------------------------------------------------------------------------------------------------

    def test_ids_of_others_in_every_form(self) -> None:
        """In each field that takes a choice, an id of another's answers exactly as an id that does not exist."""
        tried, wrong = 0, []
        for name, path, client, form in self.forms():
            for key, one in form.fields.items():
                if not isinstance(one, forms.ChoiceField | forms.ModelChoiceField | forms.UUIDField):
                    continue
                missing = client.post(path, {key: MISSING})
                for what, id in self.foreign.items():
                    tried += 1
                    hidden = client.post(path, {key: id})
                    same = _plain(hidden, id) == _plain(missing, MISSING)
                    if (
                        hidden.status_code in (200, 302)
                        or hidden.status_code != missing.status_code
                        or not same
                    ):
                        wrong.append(
                            f"{name} {key}, id of a {what}: {hidden.status_code}, {missing.status_code}"
                        )
                    wrong += self._told(name, hidden)
        assert tried > 50
        assert not wrong, "\n".join(wrong)

    def test_odd_values_in_every_form(self) -> None:
        """No value in any field is a server error, nor a page as if nothing had been sent."""
        wrong = []
        for name, path, client, form in self.forms():
            for value in ODD:
                status = client.post(path, {key: [value, value] for key in form.fields}).status_code
                if status not in (302, 403, 404, 409, 422):
                    wrong.append(f"{name} with {value[:20]!r}: {status}")
        assert not wrong, "\n".join(wrong)

    def _told(self, name: str, response: HttpResponse) -> list[str]:
        text = response.content.decode(errors="replace")
        hidden = [word for word in ("SECRET-1", "A hidden paper") if word in text]
        mine = {w for w in WORD.findall(text) if w in self.canaries.found and self.foreign_words.get(w)}
        return [f"{name} tells {word}" for word in (*hidden, *mine)]

    @property
    def foreign_words(self) -> dict[str, bool]:
        """Words of the other developer's case."""
        theirs = Case.objects.get(pk=self.foreign["case"])
        found = {theirs.tracking_number, theirs.question, *theirs.documents.values_list("title", flat=True)}
        return dict.fromkeys(found, True)

    def test_fields_nobody_asked_for_are_left(self) -> None:
        """Names of every field of every model in a whole form change nothing but what the form is for."""
        officer, case = self.client_of("officer"), Case.objects.get(pk=self.world.ids["case_id"])
        every = {one.name for model in apps.get_models() for one in model._meta.concrete_fields}
        extra = dict.fromkeys(
            every | {one + "_id" for one in every} | {"is_staff", "is_superuser", "roles"}, MISSING
        )
        before = Case.objects.filter(pk=case.pk).values().get()
        posted = officer.post(reverse("cases:note", args=[case.pk]), {**extra, "text": "The note."})
        assert posted.status_code == 302
        note = case.notes.get(text="The note.")
        assert (note.author, note.case) == (self.world.cast.officer, case)
        assert Case.objects.filter(pk=case.pk).values().get() == before
        self.world.cast.officer.refresh_from_db()
        assert not self.world.cast.officer.is_superuser

    def test_nothing_is_taken_that_another_holds(self) -> None:
        """A tracking number, a model's and a version's name of another developer are free: no error tells of theirs."""
        case = Case.objects.select_related("model_version__model").get(pk=self.world.ids["case_id"])
        version = case.model_version
        assert version is not None
        values = {
            "origin": "developer_offer",
            "tracking_number": case.tracking_number,
            "model": version.model.name,
            "version": version.name,
            "variant": version.variant,
            "question": "Ours.",
        }
        answer = self.client_of("stranger").post(reverse("cases:case_new"), values)
        assert answer.status_code == 302, answer.content[:2000]

    # -- files, errors, side doors ------------------------------------------------------------------------------------

    def test_hidden_files_answer_as_missing_ones(self) -> None:
        """HEAD, ranges and conditions tell neither size nor age of a file; an open one bears no validator."""
        stranger, path = self.client_of("stranger"), self.world.path("cases:document_file")
        missing = self.world.missing_path("cases:document_file", MISSING)
        for headers in (
            {},
            {"Range": "bytes=0-9"},
            {"If-None-Match": "*"},
            {"If-Modified-Since": "Mon, 01 Jan 2024 00:00:00 GMT"},
        ):
            for method in ("get", "head"):
                hidden, none = (getattr(stranger, method)(one, headers=headers) for one in (path, missing))
                assert hidden.status_code == none.status_code == 404
                assert set(hidden.headers) == set(none.headers)
        opened = self.client_of("liaison").get(path)
        assert not {"ETag", "Last-Modified", "Accept-Ranges"} & set(opened.headers)

    def test_error_pages_tell_nothing(self) -> None:
        """400, 403 for a missing token, 404, 405 and 500: no path of a file, no SQL, no word of the case."""
        officer, path = self.client_of("officer"), self.world.path("cases:case")
        answers = {
            400: officer.get(path, headers={"Host": "evil.example"}),
            403: self.client_of("officer", enforce_csrf_checks=True).post(
                self.world.path("cases:note"), {"text": "x"}
            ),
            404: officer.get("/nothing/here/"),
            405: officer.post(path),
        }
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("cases.reports.case_page.context", _broken)
            answers[500] = officer.get(path)
        for status, answer in answers.items():
            text = f"{answer.content.decode()} {answer.headers}"
            assert answer.status_code == status
            assert not WORD.search(text), status
            assert not any(word in text for word in ("Traceback", "SELECT", ".py", "postgres", "kanari"))

    @override_settings(DEBUG=False)
    def test_side_doors_are_not_there(self) -> None:
        """Admin sites, metrics, source trees and other usual doors: nothing, or the way to sign in."""
        doors = (
            "admin/",
            "admin/login/",
            "metrics",
            "metrics/",
            ".well-known/security.txt",
            "sitemap.xml",
            "robots.txt",
            ".git/config",
            ".env",
            "media/",
            "files/",
            "static/",
            "server-status",
            "__debug__/",
            "api/",
            "api/docs",
            "graphql",
            "openapi.json",
            "swagger/",
            "var/",
        )
        stranger = self.client_of("stranger")
        for door in doors:
            assert stranger.get(f"/{door}").status_code == 404, door
            assert Client().get(f"/{door}").status_code in (302, 404), door
        assert "django.contrib.admin" not in apps.app_configs
        assert not [one for one in get_resolver().url_patterns if "admin" in str(one.pattern)]
        health = Client().get("/health/")
        assert not WORD.search(health.content.decode())

    def test_hidden_takes_as_long_as_missing(self) -> None:
        """Forty interleaved pairs: the medians lie within five standard errors, or within a tenth, of one another."""
        stranger = self.client_of("stranger")
        for name in ("cases:case", "cases:document"):
            paths = (self.world.path(name), self.world.missing_path(name, MISSING))
            taken: tuple[list[float], list[float]] = ([], [])
            for _ in range(40):
                for path, kept in zip(paths, taken, strict=True):
                    began = time.process_time()
                    stranger.get(path)
                    kept.append(time.process_time() - began)
            hidden, missing = map(statistics.median, taken)
            error = max(statistics.stdev(kept) for kept in taken) * 1.25 / len(taken[0]) ** 0.5
            assert abs(hidden - missing) < max(5 * error, 0.1 * missing), (name, hidden, missing)

    # -- records ------------------------------------------------------------------------------------------------------

    def test_no_record_is_deleted(self) -> None:
        """Neither through its model nor, for whoever history names, by SQL."""
        for model in apps.get_models():
            if issubclass(model, Guarded) and (row := model._default_manager.first()) is not None:
                with pytest.raises(WriteOutsideAction):
                    row.delete()
                with pytest.raises(WriteOutsideAction):
                    model._default_manager.all().delete()
        for row in (self.world.cast.officer, self.world.cast.developer):
            sql = f'DELETE FROM "{row._meta.db_table}" WHERE id = %s; SET CONSTRAINTS ALL IMMEDIATE'
            with connection.cursor() as cursor, pytest.raises(IntegrityError), transaction.atomic():
                cursor.execute(sql, [row.pk])

    def test_no_row_comes_past_its_history(self) -> None:
        """A row brought in as it is, the way a fixture is loaded, is refused: it would have no history and no entry."""
        written = serializers.serialize("json", Case.objects.all()[:1])
        for one in serializers.deserialize("json", written):
            with pytest.raises(WriteOutsideAction):
                one.save()


def _broken(*args: Any, **kwargs: Any) -> Any:
    raise models.ObjectDoesNotExist("kanari at /srv/foreview/cases.py: SELECT secret")


def _plain(response: HttpResponse, *asked: str) -> bytes:
    """A page without what was asked for, times, tokens and the numbers of its elements."""
    body = response.content
    for word in asked:
        body = body.replace(word.encode(), b"")
    return re.sub(rb'<time.*?</time>|csrfmiddlewaretoken[^>]*>|-\d+(?=[" -])', b"", body)
