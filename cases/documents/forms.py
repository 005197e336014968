"""Forms of the documents room: upload, a new version, marking, sharing."""

from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from cases.documents.kinds import addable_by
from cases.documents.models import designation_choices
from cases.rules import markings
from portal.kit.files import shown_name
from portal.kit.forms import SingleLine
from portal.kit.words import size_text

if TYPE_CHECKING:
    from cases.access.models import Grant

BY_POLICY: Final = ("", "As the policy sets it")


def _file_field(label: str) -> forms.FileField:
    limit = size_text(settings.DOCUMENT_MAX_BYTES)
    return forms.FileField(
        label=label,
        allow_empty_file=True,  # the action says so in a sentence of its own
        max_length=None,
        help_text=f"PDF, text, Markdown or Word without macros, up to {limit}; evaluation reports also JSON or CSV.",
    )


class UploadForm(forms.Form):
    """A document with its first version."""

    kind = forms.ChoiceField(label="Kind of document")
    title = SingleLine(label="Title", max_length=200)
    designation = forms.ChoiceField(
        label="Submitter designation", choices=designation_choices, widget=forms.RadioSelect, initial="none",
        help_text="Business confidential: you are told before anything of it is disclosed.",
    )  # fmt: skip
    designation_pages = SingleLine(
        label="Pages you designate", max_length=200, required=False, help_text="For example 3–7, 12, or all."
    )
    file = _file_field("File")

    def __init__(self, *args: Any, organisation_kind: str, may_mark: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
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
        values = super().clean() or {}
        if values.get("designation") == "business_confidential" and not values.get("designation_pages"):
            self.add_error("designation_pages", "Say which pages you designate, for example 3–7, 12, or all.")
        return values

    def told(self) -> dict[str, Any]:
        """The arguments of `actions.upload`."""
        return {**self.cleaned_data, "file_name": name_of(self.cleaned_data["file"])}


class FindingsForm(forms.Form):
    """A partner's findings."""

    title = SingleLine(label="Title", max_length=200)
    file = _file_field("File")

    def told(self) -> dict[str, Any]:
        """The arguments of `findings.upload_findings`."""
        return {**self.cleaned_data, "file_name": name_of(self.cleaned_data["file"])}


class VersionForm(forms.Form):
    """The next version of a document."""

    after = forms.IntegerField(widget=forms.HiddenInput)
    file = _file_field("Changed file")

    def told(self) -> dict[str, Any]:
        """The arguments of `actions.add_version`."""
        return {**self.cleaned_data, "file_name": name_of(self.cleaned_data["file"])}


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


def _partner(grant: "Grant") -> str:
    return grant.organisation.name


def name_of(file: UploadedFile) -> str:
    """The name a file came with, fit to be shown."""
    return shown_name(file.name or "")
