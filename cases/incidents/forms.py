"""Forms of incidents: the report, entries of the timeline, grants to suspend, the closure."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from django import forms
from django.db.models import QuerySet
from django.utils.text import capfirst

from accounts.models import User
from cases.access.forms import ConfirmForm
from cases.access.models import Grant
from cases.documents.models import Document
from cases.incidents import guards
from cases.incidents.models import (
    IN_STATE,
    Incident,
    asked_choices,
    audience_choices,
    incident_kind_choices,
    outcome_choices,
)
from cases.register.models import Case
from cases.rules import severity, visibility
from portal.kit.forms import Chosen, EasternDateTimeField, SingleLine

__all__ = [
    "AttachForm",
    "CloseForm",
    "ConfirmForm",
    "EntryForm",
    "IncidentFilter",
    "ReportForm",
    "SeverityForm",
    "StepForm",
    "SuspendForm",
]

LONG: Final = 10_000


def _text(label: str, hint: str = "", *, required: bool = True, rows: int = 5) -> forms.CharField:
    return forms.CharField(
        label=label, help_text=hint, required=required, max_length=LONG, widget=forms.Textarea({"rows": rows})
    )


def named_grant(grant: Grant) -> str:
    """A grant as a choice."""
    return f"{grant.organisation.name} ({grant.get_kind_display()})"


def named_document(document: Document, titled: bool) -> str:
    """A document as a choice, by its title where the person reads titles."""
    return f"{document.get_kind_display()}: {document.title}" if titled else str(document)


class IncidentFilter(forms.Form):
    """Filter bar of the list; it survives in the address."""

    case = SingleLine(label="Case or tracking number", required=False, max_length=60)
    state = forms.ChoiceField(
        label="State",
        required=False,
        choices=[("", "Any state"), *((word, capfirst(word)) for word in IN_STATE)],
    )
    severity = forms.ChoiceField(
        label="Severity", required=False, choices=lambda: [("", "Any severity"), *severity.choices()]
    )


class ReportForm(forms.Form):
    """The report. A partner reports under its own grant, which is then concerned without being chosen."""

    kind = forms.ChoiceField(
        label="What kind of thing", choices=incident_kind_choices, widget=forms.RadioSelect
    )
    severity = forms.ChoiceField(
        label="How grave, as far as you can tell", choices=severity.explained, widget=forms.RadioSelect,
        help_text="The security manager may change it later.",
    )  # fmt: skip
    account = _text(
        "What happened", "What you saw, where, what is affected, and what you did so far.", rows=7
    )
    noticed_at = EasternDateTimeField(label="Noticed")
    began_at = EasternDateTimeField(
        label="Began", required=False, help_text="Leave it out when it is not known."
    )

    def __init__(
        self,
        *args: Any,
        case: Case,
        user: User,
        now: datetime,
        under: Grant | None,
        choose_grants: bool,
        **kwargs: Any,
    ) -> None:
        kwargs["initial"] = {"noticed_at": now, "grants": [under.pk] if under else []}
        super().__init__(*args, **kwargs)
        self._now = now
        grants = Grant.objects.visible_to(user, now).filter(case=case).select_related("organisation")
        papers = Document.objects.visible_to(user, now).filter(case=case, withdrawn_at__isnull=True)
        titled = not choose_grants or visibility.reads_titles(user, case, now)
        if choose_grants and grants.exists():
            self.fields["grants"] = Chosen(
                grants.order_by("issued_at", "pk"),
                named=named_grant,
                required=False,
                label="Grants concerned",
            )
        if papers.exists():
            self.fields["documents"] = Chosen(
                papers.order_by("created_at", "pk"), required=False, label="Documents that belong to it",
                named=lambda one: named_document(one, titled),
                help_text="Choosing a document opens it to nobody.",
            )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Begun, noticed, reported: in this order."""
        data = super().clean() or self.cleaned_data
        noticed, began = data.get("noticed_at"), data.get("began_at")
        if noticed is not None:
            refused = guards.times_refusal(noticed, began, self._now)
            if refused:
                self.add_error("noticed_at" if noticed > self._now else "began_at", refused.sentence)
        return data


class AttachForm(forms.Form):
    """Documents to attach, of those that the person sees; what is attached meanwhile the action says."""

    def __init__(
        self, *args: Any, seen: QuerySet[Document], papers: QuerySet[Document], titled: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        chosen = Chosen(
            seen, label="Documents to attach", help_text="Attaching a document opens it to nobody.",
            named=lambda one: named_document(one, titled),
            error_messages={"required": "Choose at least one document to attach."},
        )  # fmt: skip
        chosen.choices = [(one.pk, named_document(one, titled)) for one in papers]
        self.fields["documents"] = chosen


class EntryForm(forms.Form):
    """An entry of the timeline, for an audience. The choice falls away where there is but one."""

    text = _text("Entry")
    audience = forms.ChoiceField(label="For whom", widget=forms.RadioSelect)
    asks = forms.ChoiceField(
        label="Asks for an answer", required=False, widget=forms.RadioSelect,
        help_text="It then waits on their home until they write in the timeline.",
    )  # fmt: skip

    def __init__(self, *args: Any, audiences: Sequence[str], asking: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._only = audiences[0] if len(audiences) == 1 else ""
        if self._only:
            del self.fields["audience"]
        else:
            self._choices("audience", [(key, word) for key, word in audience_choices() if key in audiences])
        if asking:
            asked = [
                (key, word) for key, word in asked_choices() if key == "developer" or "reporter" in audiences
            ]
            self._choices("asks", [("", "Nobody"), *asked])
        else:
            del self.fields["asks"]

    def _choices(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def clean(self) -> dict[str, Any]:
        """With the one audience where it was not chosen."""
        data = super().clean() or self.cleaned_data
        return {**data, "audience": self._only} if self._only else data


class StepForm(EntryForm):
    """An entry that goes with a step; `revision` says on which state of the incident it was written."""

    revision = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, incident: Incident, label: str, hint: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["revision"].initial = incident.revision
        self.fields["text"].label, self.fields["text"].help_text = label, hint


class SeverityForm(StepForm):
    """Another severity and why."""

    field_order = ("severity", "text", "audience")
    severity = forms.ChoiceField(
        label="Severity from now on", choices=severity.explained, widget=forms.RadioSelect
    )


class SuspendForm(forms.Form):
    """Grants to suspend at once."""

    reason = _text("Reason", "Read by your own side alone.", required=False, rows=3)

    def __init__(self, *args: Any, grants: QuerySet[Grant], concerned: Iterable[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["grants"] = Chosen(
            grants, named=named_grant, label="Grants to suspend", initial=list(concerned),
            error_messages={"required": "Choose at least one grant to suspend."},
        )  # fmt: skip
        self.order_fields(["grants", "reason"])


class CloseForm(forms.Form):
    """How it ended, and what is learned from it."""

    outcome = forms.ChoiceField(label="Outcome", choices=outcome_choices, widget=forms.RadioSelect)
    lessons = _text(
        "Lessons", "What changes because of it. The agency and the developer read it.", required=False
    )
    revision = forms.IntegerField(widget=forms.HiddenInput)
    confirmed = forms.BooleanField(
        label="I close this incident for good.",
        error_messages={"required": "Mark the box to close it, or go back; nothing has changed."},
    )
