"""Filters of the case list and of the auditor's desk. Every field is named here; none reaches a lookup by its name."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import forms

from cases.reports.history import GROUPS
from cases.rules import lifecycle
from portal.kit.forms import EasternDateTimeField, SingleLine


class CaseFilter(forms.Form):
    """Filter bar of the case list; it survives in the address."""

    q = SingleLine(label="Case number, tracking number or model", required=False, max_length=200)
    stage = forms.ChoiceField(
        label="Stage", required=False, choices=lambda: [("", "Any stage"), *lifecycle.stage_choices()]
    )
    origin = forms.ChoiceField(
        label="Origin", required=False, choices=lambda: [("", "Any origin"), *lifecycle.origin_choices()]
    )


class DeskFilter(forms.Form):
    """Filter bar of the auditor's desk."""

    group = forms.ChoiceField(
        label="About",
        required=False,
        choices=lambda: [("", "Everything"), *((k, v[0]) for k, v in GROUPS.items())],
    )
    person = SingleLine(label="Person's name", required=False, max_length=200)
    case = SingleLine(label="Case number", required=False, max_length=20)


class SightForm(forms.Form):
    """Whose sight of a case, and as of when."""

    organization = forms.ChoiceField(
        label="Organization",
        required=False,
        error_messages={"invalid_choice": "Choose an organization from the list."},
    )
    at = EasternDateTimeField(
        label="As of", required=False, help_text="A moment in the past. Now when left out."
    )

    def __init__(
        self, *args: Any, organizations: Iterable[tuple[str, str]], now: datetime, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.now = now
        self.fields["organization"].choices = [("", "Choose one"), *organizations]  # type: ignore[attr-defined]

    def clean_at(self) -> datetime | None:
        """A moment in the past, or None for now."""
        at: datetime | None = self.cleaned_data["at"]
        if at is not None and at > self.now:
            raise forms.ValidationError("This moment is still to come. Choose an earlier one.")
        return at
