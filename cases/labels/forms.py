"""Forms of labeling. Whatever a guard says of a field's words is said beside the field."""

from datetime import datetime
from typing import Any

from django import forms

from accounts.models import User
from cases.documents.models import Document
from cases.labels import guards, packets, texts
from cases.labels.models import (
    Consultation,
    Determination,
    Label,
    answer_choices,
    disclosure_choices,
    outcome_choices,
)
from cases.register.models import Case
from portal.kit.forms import SingleLine

IN_REGISTER = frozenset({"effective", "superseded", "rescinded", "lapsed"})
LONG = forms.Textarea(attrs={"rows": 6})


def _named(obj: Any) -> str:
    return f"{obj.get_kind_display()}: {obj.title}"


class ConsultationForm(forms.Form):
    """What the offices are asked, and the documents they may open."""

    question = forms.CharField(label="Question to the offices", max_length=5000, widget=LONG)
    documents = forms.ModelMultipleChoiceField(
        label="Documents in the packet",
        queryset=Document.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Each office may open these. Accepted runs, their findings and high-side pointers are always in it.",
    )

    def __init__(self, *args: Any, case: Case, user: User, now: datetime, **options: Any) -> None:
        super().__init__(*args, **options)
        documents = self.fields["documents"]
        assert isinstance(documents, forms.ModelMultipleChoiceField)
        documents.queryset = Document.objects.openable_by(user, now).filter(case=case).order_by("created_at")
        documents.label_from_instance = _named  # type: ignore[method-assign]


class AnswerForm(forms.Form):
    """An office's one answer."""

    answer = forms.ChoiceField(
        label="Your office's answer",
        choices=[(key, label) for key, label in answer_choices() if key in guards.OFFICE_ANSWERS],
        widget=forms.RadioSelect,
        help_text="An answer is given once.",
    )
    comment = forms.CharField(
        label="Comment", required=False, max_length=5000, widget=LONG,
        help_text="Needed when you concur with comment or do not concur. Other offices do not see it.",
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Some answers need a comment."""
        data = super().clean() or self.cleaned_data
        said = guards.comment_missing(data.get("answer", ""), data.get("comment", ""))
        if said:
            self.add_error("comment", said)
        return data


class NoResponseForm(forms.Form):
    """Why an office is recorded as having given no response."""

    reason = forms.CharField(
        label="Reason", required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, consultation: Consultation, now: datetime, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["reason"].required = now < consultation.due_at
        if self.fields["reason"].required:
            self.fields["reason"].help_text = "Needed, because the due hour has not come yet."


class DeterminationForm(forms.Form):
    """Outcome and rationale; `seen` is the digest of the text that was read, empty before it was shown."""

    outcome = forms.ChoiceField(label="Outcome", choices=outcome_choices, widget=forms.RadioSelect)
    suite_version = forms.ChoiceField(label="Suite version it binds to")
    rationale = forms.CharField(
        label="Rationale", max_length=20000, widget=forms.Textarea(attrs={"rows": 10})
    )
    seen = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, packet: packets.Packet, **options: Any) -> None:
        super().__init__(*args, **options)
        self.packet = packet
        known = packets.suite_versions(packet)
        if len(known) > 1:
            self.fields["suite_version"].choices = [("", "Choose one"), *known.items()]  # type: ignore[attr-defined]
        else:
            del self.fields["suite_version"]

    def clean_outcome(self) -> str:
        """What may be determined on this evidence."""
        chosen: str = self.cleaned_data["outcome"]
        said = guards.outcome(chosen, self.packet)
        if said:
            raise forms.ValidationError(said)
        return chosen


class RescissionForm(forms.Form):
    """Why a determination is rescinded, and that it is meant."""

    reason = forms.CharField(label="Reason", max_length=5000, widget=LONG)
    confirmed = forms.BooleanField(label="I rescind this determination")


class DisclosureForm(forms.Form):
    """How much the developer is told; `seen` is the digest of the text that was previewed."""

    extent = forms.ChoiceField(
        label="What is disclosed", choices=disclosure_choices, widget=forms.RadioSelect,
        help_text="Full: outcome and rationale. Summary: outcome and your words. Fact only: that the review ended.",
    )  # fmt: skip
    summary = forms.CharField(
        label="Summary for the developer", required=False, max_length=10000, widget=LONG
    )
    reason = forms.CharField(
        label="Reason for disclosing nothing", required=False, max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3}), help_text="The agency alone reads it.",
    )  # fmt: skip
    seen = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, determination: Determination, **options: Any) -> None:
        super().__init__(*args, **options)
        self.determination = determination
        if determination.outcome == texts.DOES_NOT_MEET:
            self.fields["summary"].help_text = f"Leave it empty: this outcome reads only “{texts.NO_LABEL}”"

    def clean(self) -> dict[str, Any]:
        """What each extent needs beside it."""
        data = super().clean() or self.cleaned_data
        extent = data.get("extent", "")
        said = guards.extent(self.determination, extent, data.get("summary", ""), data.get("reason", ""))
        if said:
            self.add_error("reason" if extent == "none" else "summary", said)
        return data


class ResponseForm(forms.Form):
    """The developer's response, in its own words."""

    text = forms.CharField(
        label="Your response", max_length=20000, widget=LONG,
        help_text="It is kept beside what was disclosed. Nobody must respond.",
    )  # fmt: skip


class RegisterFilter(forms.Form):
    """Filters of the register; they live in the address."""

    q = SingleLine(label="Model or developer", required=False, max_length=200)
    state = forms.ChoiceField(label="State", required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        shown = [(key, word.capitalize()) for key, word in Label.STATES if key in IN_REGISTER]
        self.fields["state"].choices = [("", "Any"), *shown]  # type: ignore[attr-defined]
