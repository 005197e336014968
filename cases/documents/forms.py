"""Forms of the documents room: upload, a new version, marking, sharing."""

from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.conf import settings
from django.core.validators import RegexValidator

from cases.documents.actions import Told
from cases.documents.kinds import addable_by
from cases.documents.models import decision_choices, designation_choices, spill_outcomes, spill_reasons
from cases.documents.uploads.forms import TakesUploads, file_field
from cases.documents.uploads.models import Upload
from cases.rules import markings
from portal.kit.forms import SingleLine

if TYPE_CHECKING:
    from cases.access.models import Grant

CONTROL_NUMBER: Final = r"^[A-Za-z0-9./_-]{1,40}$"
BY_POLICY: Final = ("", "As the policy sets it")


class UploadForm(TakesUploads):
    """A document with its first version, or several of uploads that have arrived, each with its title."""

    at_most = None
    titles = True

    kind = forms.ChoiceField(label="Kind of document")
    title = SingleLine(label="Title", max_length=200)
    designation = forms.ChoiceField(
        label="Submitter designation", choices=designation_choices, widget=forms.RadioSelect, initial="none",
        help_text="Business confidential: you are told before anything of it is disclosed.",
    )  # fmt: skip
    designation_pages = SingleLine(
        label="Pages you designate", max_length=200, required=False, help_text="For example 3–7, 12, or all."
    )
    file = file_field("File")

    def __init__(self, *args: Any, organisation_kind: str, may_mark: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["title"].required = "uploads" not in self.data  # of which each has its own
        kinds = self.fields["kind"]
        kinds.choices = [("", "Choose a kind"), *addable_by(organisation_kind)]  # type: ignore[attr-defined]
        if organisation_kind != "developer":
            del self.fields["designation"], self.fields["designation_pages"]
        if may_mark:
            self.fields["marking"] = forms.ChoiceField(
                label="Marking", choices=[BY_POLICY, *markings.storable(settings.CEILING)], required=False
            )

    def clean(self) -> dict[str, Any]:
        """A designation names its pages."""
        values = super().clean()
        if values.get("designation") == "business_confidential" and not values.get("designation_pages"):
            self.add_error("designation_pages", "Say which pages you designate, for example 3–7, 12, or all.")
        return values

    def told(self) -> Told:
        """What is said of each document."""
        names = ("kind", "designation", "designation_pages", "marking")
        return Told(**{name: self.cleaned_data[name] for name in names if name in self.cleaned_data})

    def titled(self) -> list[tuple[str, Upload]]:
        """The chosen uploads, each with its title; the form's own title is that of a single one."""
        chosen = self.uploads()
        otherwise = self.cleaned_data["title"] if len(chosen) == 1 else ""
        return [(self.title_of(one, otherwise), one) for one in chosen]


class FindingsForm(TakesUploads):
    """A partner's findings."""

    title = SingleLine(label="Title", max_length=200)
    file = file_field("File")

    def told(self) -> dict[str, Any]:
        """The arguments of `findings.upload_findings`."""
        return {"title": self.cleaned_data["title"], **self.file_told()}


class VersionForm(TakesUploads):
    """The next version of a document."""

    after = forms.IntegerField(widget=forms.HiddenInput)
    file = file_field("Changed file")

    def told(self) -> dict[str, Any]:
        """The arguments of `actions.add_version`."""
        return {"after": self.cleaned_data["after"], **self.file_told()}


class MarkingForm(forms.Form):
    """The agency's marking of a document."""

    marking = forms.ChoiceField(label="Marking", widget=forms.RadioSelect)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["marking"].choices = markings.storable(settings.CEILING)  # type: ignore[attr-defined]


class ShareForm(forms.Form):
    """The partner whose grant opens the document."""

    grant: Any = forms.ModelChoiceField(
        queryset=None, label="Partner", widget=forms.RadioSelect, empty_label=None
    )

    def __init__(self, *args: Any, grants: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["grant"]
        field.queryset = grants  # type: ignore[attr-defined]
        field.label_from_instance = _partner  # type: ignore[attr-defined]


class WithdrawForm(forms.Form):
    """The confirmation of a withdrawal."""


class QuarantineForm(forms.Form):
    """What becomes of a version in quarantine, and why."""

    decision = forms.ChoiceField(label="Decision", choices=decision_choices, widget=forms.RadioSelect)
    reason = forms.CharField(
        label="Reason", max_length=1000, widget=forms.Textarea({"rows": 4}),
        help_text="Read by the agency. Do not repeat anything of the document.",
    )  # fmt: skip


class SpillForm(forms.Form):
    """A suspected spill: nothing is described, so that nothing spreads."""

    reason = forms.ChoiceField(label="Why", choices=spill_reasons, widget=forms.RadioSelect)
    control_number = SingleLine(
        label="Control number on the high side", max_length=40, required=False,
        validators=[RegexValidator(CONTROL_NUMBER, "Letters, digits and . / - _ alone; else leave it empty.")],
        help_text="If the record has one there. Read by the security manager alone.",
    )  # fmt: skip


class SpillCloseForm(forms.Form):
    """How a suspected spill ends."""

    outcome = forms.ChoiceField(label="Outcome", choices=spill_outcomes, widget=forms.RadioSelect)


def _partner(grant: "Grant") -> str:
    return grant.organisation.name
