"""What a form takes: a file of its own, or uploads that are whole."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from cases.documents.uploads.models import Upload, UploadQuerySet
from portal.kit.files import shown_name
from portal.kit.forms import SingleLine
from portal.kit.words import size_text


def file_field(label: str) -> forms.FileField:
    """The file of a plain form; the action says in sentences of its own what is wrong with it."""
    limit = size_text(settings.DOCUMENT_MAX_BYTES)
    return forms.FileField(
        label=label,
        allow_empty_file=True,
        max_length=None,
        help_text=f"PDF, text, Markdown or Word without macros, up to {limit}; evaluation reports also JSON or CSV.",
    )


class _Arrived(forms.ModelMultipleChoiceField):
    def label_from_instance(self, obj: Upload) -> str:
        """What tells a file from others: its name, size and digest."""
        return f"{obj.file_name} ({size_text(obj.length)}, SHA-256 {obj.sha256[:12]}…)"


class TakesUploads(forms.Form):
    """A form with a `file`, and with `uploads` where some have arrived; it takes the one or the others."""

    at_most: int | None = 1
    titles = False  # whether each upload is given a title of its own

    def __init__(self, *args: Any, arrived: UploadQuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "uploads" in self.data:  # which stand in the place of the file
            self.fields["file"].required = False
        if arrived.exists():
            self.fields["uploads"] = _Arrived(
                queryset=arrived, required=False, label="Files that have arrived",
                widget=forms.CheckboxSelectMultiple,
            )  # fmt: skip
        for one in arrived if self.titles else ():
            self.fields[f"title-{one.pk}"] = SingleLine(
                label=f"Title of {one.file_name}", max_length=200, required=False, initial=_stem(one)
            )

    def clean(self) -> dict[str, Any]:
        """Exactly one of both; where one document is made, one file."""
        values = super().clean() or {}
        chosen, file = self.uploads(), values.get("file")
        if file is None and not chosen and not self.errors.keys() & {"file", "uploads"}:
            self.add_error("file", "Choose a file.")
        if file is not None and chosen:
            self.add_error("file", "Choose this file or files that have arrived, not both at once.")
        if self.at_most is not None and len(chosen) > self.at_most:
            self.add_error("uploads", "One file is taken here. Choose one.")
        return values

    def uploads(self) -> list[Upload]:
        """The uploads that were chosen, in the order in which they were begun."""
        return list(self.cleaned_data.get("uploads") or ())

    def file_told(self) -> dict[str, Any]:
        """The arguments `file` and `file_name` of an action that takes one file."""
        upload = next(iter(self.uploads()), None)
        if upload is not None:
            return {"file": upload, "file_name": upload.file_name}
        file = self.cleaned_data["file"]
        return {"file": file, "file_name": name_of(file)}

    def title_of(self, upload: Upload, otherwise: str) -> str:
        """The title given to one of several uploads (`title-<its id>`), else `otherwise`, else the file's name."""
        given: str = self.cleaned_data.get(f"title-{upload.pk}", "")
        return given or otherwise or _stem(upload)


def _stem(upload: Upload) -> str:
    """The file's name without its ending."""
    return upload.file_name.rpartition(".")[0][:200] or upload.file_name[:200]


def name_of(file: UploadedFile) -> str:
    """The name a file came with, fit to be shown."""
    return shown_name(file.name or "")
