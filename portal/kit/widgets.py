"""Dresses Django's form widgets in the U.S. Web Design System; a new kind of widget gets one row in CLASSES."""

from __future__ import annotations

from django.forms import BoundField, Field, widgets
from django.utils import timezone

CLASSES: tuple[tuple[type[widgets.Widget], str], ...] = (
    (widgets.CheckboxInput, "usa-checkbox__input"),
    (widgets.CheckboxSelectMultiple, "usa-checkbox__input"),
    (widgets.RadioSelect, "usa-radio__input"),
    (widgets.Select, "usa-select"),
    (widgets.Textarea, "usa-textarea"),
    (widgets.FileInput, "fv-file"),
    (widgets.Input, "usa-input"),
)
# Django's own input types are plain text; the browser's pickers need these types and ISO values.
PICKERS: tuple[tuple[type[widgets.DateTimeBaseInput], str, str], ...] = (
    (widgets.DateTimeInput, "datetime-local", "%Y-%m-%dT%H:%M"),
    (widgets.DateInput, "date", "%Y-%m-%d"),
    (widgets.TimeInput, "time", "%H:%M"),
)

PART_NAMES = {"date": "date", "time": "hour", "datetime-local": "date and hour", "select": "choice"}


def style_widget(widget: widgets.Widget, wrong: bool = False, label: str = "") -> widgets.Widget:
    """Adds the classes (and for dates the picker) to `widget`; parts of a compound widget are named after `label`."""
    if isinstance(widget, widgets.MultiWidget):
        for number, part in enumerate(widget.widgets, start=1):
            style_widget(part, wrong)
            kind = getattr(part, "input_type", "")
            part.attrs.setdefault("aria-label", f"{label}: {PART_NAMES.get(kind, f'part {number}')}")
        return widget
    for kind, type_, format_ in PICKERS:
        if isinstance(widget, kind) and widget.input_type == "text":
            widget.input_type, widget.format = type_, widget.format or format_
    style = next((name for kind, name in CLASSES if isinstance(widget, kind)), "")
    if wrong and style in {"usa-input", "usa-textarea", "usa-select"}:
        style += " usa-input--error"
    present = str(widget.attrs.get("class", "")).split()
    widget.attrs["class"] = " ".join([*present, *(name for name in style.split() if name not in present)])
    return widget


def kind_of(bound: BoundField) -> str:
    """How the field is laid out: hidden, checkbox (label after it), choices (a list), group (fieldset) or plain."""
    widget = bound.field.widget
    if widget.is_hidden:
        return "hidden"
    if isinstance(widget, widgets.CheckboxInput):
        return "checkbox"
    if isinstance(widget, widgets.RadioSelect | widgets.CheckboxSelectMultiple):
        return "choices"
    return "group" if widget.use_fieldset else "plain"


def zone_note(bound: BoundField) -> str:
    """For a field that takes an hour: the zone it is read in; else empty."""
    widget = bound.field.widget
    parts = widget.widgets if isinstance(widget, widgets.MultiWidget) else [widget]
    if not any(isinstance(part, widgets.DateTimeInput | widgets.TimeInput) for part in parts):
        return ""
    name = timezone.get_current_timezone_name()
    return "Hours are US Eastern time." if name == "America/New_York" else f"Hours are {name}."


def first_id(bound: BoundField) -> str:
    """The id a link in the error summary jumps to: the field's, or its first part's."""
    return bound.id_for_label or (f"{bound.auto_id}_0" if bound.auto_id else "")


def what_to_mend(bound: BoundField) -> list[str]:
    """The field's errors as what to do; Django's bare "required" becomes a sentence for this kind of field."""
    if not bound.errors:
        return []
    plain = Field.default_error_messages["required"]
    said = [str(text) for text in bound.errors]
    return [_required(bound) if text == str(plain) else text for text in said]


def _required(bound: BoundField) -> str:
    widget = bound.field.widget
    if isinstance(widget, widgets.CheckboxInput):
        return "Tick this to go on."
    if isinstance(widget, widgets.FileInput):
        return "Choose a file."
    if isinstance(widget, widgets.ChoiceWidget):
        return "Choose at least one." if getattr(widget, "allow_multiple_selected", False) else "Choose one."
    return "Fill this in."
