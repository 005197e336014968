"""Filters of the case list and of the auditor's desk. Every field is named here; none reaches a lookup by its name."""

from django import forms

from cases.reports.history import GROUPS
from cases.rules import lifecycle
from portal.kit.forms import SingleLine


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
