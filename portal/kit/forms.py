"""Forms and actions together: what a person typed is never lost when an action refuses."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import (
    BaseForm,
    CharField,
    CheckboxSelectMultiple,
    DateTimeField,
    DateTimeInput,
    ModelMultipleChoiceField,
)
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from portal.kit.refusal import Refused, note_refusal

T = TypeVar("T")

EASTERN = ZoneInfo("America/New_York")

UNKNOWN = "This is not among what you see of this case. Choose from the list."
STALE = "Someone changed this case while you had the page open. Look at what changed below, then try again."


def attempt(request: HttpRequest, form: BaseForm, run: Callable[[dict[str, Any]], T]) -> T | None:
    """Run `run(cleaned_data)` when the form is whole; a refusal becomes the form's own error and is recorded.

    Returns what the action returned, or None when the form must be shown again (see `status_of`).
    """
    if not form.is_valid():
        return None
    try:
        return run(form.cleaned_data)
    except Refused as refused:
        note_refusal(request, refused)
        form.add_error(None, refused.sentence)
        form.refused_status = refused.status  # type: ignore[attr-defined]
        return None


def status_of(form: BaseForm) -> int:
    """HTTP status for showing a form: 200 fresh, 422 when its fields need mending, 403 or 409 when refused."""
    if not form.is_bound or not form.errors:
        return 200
    return getattr(form, "refused_status", 422)


class SingleLine(CharField):
    """A one-line text without control characters, so that no name can carry a line break into a header or a log."""

    def to_python(self, value: Any) -> str:
        """Fold control characters and runs of white space into single spaces."""
        text = super().to_python(value) or ""
        return " ".join("".join(ch if ch.isprintable() else " " for ch in text).split())


class Chosen(ModelMultipleChoiceField):
    """Several rows of those the person sees; anything else is unknown, whether it exists or not."""

    widget = CheckboxSelectMultiple

    def __init__(self, queryset: QuerySet[Any], *, named: Any, **kwargs: Any) -> None:
        super().__init__(queryset, **kwargs)
        self.label_from_instance = named  # type: ignore[method-assign]

    def clean(self, value: Any) -> Any:
        """The rows chosen. One unknown among them refuses all, with a sentence that does not repeat it."""
        try:
            return super().clean(value)
        except ValidationError:
            if value:
                raise ValidationError(UNKNOWN) from None
            raise


class EasternDateTimeField(DateTimeField):
    """A date and hour as people enter it, in US Eastern; the value is an aware instant in UTC.

    An hour that the clocks skip in spring is refused; of an hour that comes twice in autumn the first is meant. An hour
    that names a zone is refused too, for it would be read as Eastern.
    """

    widget = DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")

    def prepare_value(self, value: Any) -> Any:
        """Show an instant as its Eastern wall-clock time."""
        return value.astimezone(EASTERN).replace(tzinfo=None) if isinstance(value, datetime) else value

    def to_python(self, value: Any) -> datetime | None:
        """The instant in UTC, or None when empty."""
        if value in self.empty_values:
            return None
        with suppress(ValueError):  # of an hour that is none the field itself tells
            typed = parse_datetime(value.strip()) if isinstance(value, str) else value
            if isinstance(typed, datetime) and typed.tzinfo is not None:
                raise ValidationError("Give the hour in US Eastern time, without an offset or a zone.")
        with timezone.override(UTC):
            wall = super().to_python(value)
        assert wall is not None
        local = wall.replace(tzinfo=EASTERN)
        try:
            instant = local.astimezone(UTC)
            back = instant.astimezone(EASTERN)
        except OverflowError:
            raise ValidationError("This year is out of reach. Choose another date.") from None
        if back.replace(tzinfo=None) != local.replace(tzinfo=None):
            raise ValidationError("The clocks skip this hour on that day. Choose an hour before or after it.")
        return instant
