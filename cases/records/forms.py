"""Forms of records: legal holds, retention classes, FOIA requests, their notice, objection and decision."""

from datetime import datetime
from typing import Any, Final

from django import forms
from django.db.models import QuerySet

from cases.access.forms import ConfirmForm
from cases.documents.models import Document
from cases.records import guards
from cases.records.models import FoiaRequest, outcome_choices
from cases.register.models import retention_choices
from portal.kit.forms import Chosen, EasternDateTimeField, SingleLine
from portal.kit.words import date_text

LONG: Final = 10_000


def _text(label: str, hint: str = "", *, required: bool = True, rows: int = 5) -> forms.CharField:
    return forms.CharField(
        label=label, help_text=hint, required=required, max_length=LONG, widget=forms.Textarea({"rows": rows})
    )


class _Papers(forms.Form):
    """A form with a choice among the documents of a case that the person sees."""

    documents_label = "Documents"
    documents_hint = ""
    documents_required = False

    def __init__(self, *args: Any, papers: QuerySet[Document], titled: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)

        def named(one: Document) -> str:
            what = one.title if titled else f"added {date_text(one.created_at.date())}"
            return f"{one.get_kind_display()}: {what}"

        self.fields["documents"] = Chosen(
            papers, named=named, label=self.documents_label, help_text=self.documents_hint,
            required=self.documents_required,
        )  # fmt: skip


class HoldForm(forms.Form):
    """A legal hold on everything of a case, or on one document."""

    matter = SingleLine(
        label="Matter", max_length=200, help_text="How the legal matter is known to the agency."
    )
    authority = SingleLine(
        label="Authority", max_length=200, help_text="Who ordered it, and under which rule."
    )
    reason = _text("Reason", rows=3)

    def __init__(self, *args: Any, papers: QuerySet[Document], titled: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._papers = {str(one.pk): one for one in papers}
        named = [
            (key, f"{one.get_kind_display()}: {one.title if titled else date_text(one.created_at.date())}")
            for key, one in self._papers.items()
        ]
        self.fields["document"] = forms.ChoiceField(
            label="On what", choices=[("", "Everything of the case"), *named], required=False,
        )  # fmt: skip
        self.order_fields(["document", "matter", "authority", "reason"])

    def clean_document(self) -> Document | None:
        """The document, or None for the whole case."""
        return self._papers.get(self.cleaned_data["document"])


class LiftForm(ConfirmForm):
    """The end of a legal hold."""

    field_order = ("reason", "confirmed")
    reason = _text("Reason", rows=3)


class RetentionForm(_Papers):
    """A retention class for the case, or for documents of it."""

    documents_label = "Of these documents"
    documents_hint = "Choose none to set the class of the case itself."
    field_order = ("retention_class", "documents")
    retention_class = forms.ChoiceField(
        label="Retention class", choices=retention_choices, widget=forms.RadioSelect
    )


class RequestForm(_Papers):
    """A request as it came in."""

    documents_label = "Documents in its scope"
    documents_required = True
    number = SingleLine(label="Request number", max_length=40)
    received_at = EasternDateTimeField(label="Received")
    asked_for = _text(
        "Records asked for",
        "As the request describes them. The developer reads this with the notice.",
        rows=4,
    )

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, initial={"received_at": now}, **kwargs)
        self._now = now

    def clean_received_at(self) -> datetime:
        """Not ahead."""
        at: datetime = self.cleaned_data["received_at"]
        if at > self._now:
            raise forms.ValidationError("It cannot be received at an hour that lies ahead. Correct the hour.")
        return at


class StepForm(forms.Form):
    """A form about a request; `revision` says on which state of it the form was filled in."""

    revision = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, request: FoiaRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["revision"].initial = request.revision


class NoticeForm(StepForm, ConfirmForm):
    """Sending the submitter notice."""


class AnswerForm(StepForm):
    """The submitter's answer to a notice."""

    answer = forms.ChoiceField(
        label="Your answer",
        choices=[("objects", "We object to the release"), ("none", "We have no objection")],
        widget=forms.RadioSelect,
    )
    objection = _text(
        "Why it should not be released",
        "What is confidential commercial information, and what harm a release would do.",
        required=False,
    )
    pages = SingleLine(
        label="Pages", max_length=200, required=False, help_text="For example 3-7, 12, or all."
    )

    def clean(self) -> dict[str, Any]:
        """An objection says why."""
        data = super().clean() or self.cleaned_data
        if "answer" in data and "objection" in data:
            refused = guards.objection_refusal(data["answer"], data["objection"])
            if refused:
                self.add_error("objection", refused.sentence)
        return data


class DecisionForm(StepForm):
    """What was decided on a request."""

    outcome = forms.ChoiceField(label="Decision", choices=outcome_choices, widget=forms.RadioSelect)
    exemption_4 = forms.BooleanField(
        label="Exemption 4 is relied on: confidential commercial information", required=False
    )
    basis = _text(
        "Basis and reasons", "Where something is withheld, or an objection is not followed.", required=False
    )
