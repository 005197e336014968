"""Forms of the register: a draft, a move, people, release dates, notes."""

from datetime import datetime
from typing import Any, Final

from django import forms
from django.utils.text import capfirst

from accounts.models import Appointment, User
from accounts.roles import ROLES
from cases.register.models import NO_CONFLICT, Case, ReleaseMilestone, declaration_choices, variant_choices
from cases.rules import lifecycle
from portal.kit.forms import EasternDateTimeField, SingleLine

OWN_ORIGINS: Final = [(id, lifecycle.ORIGINS[id]) for id in ("developer_inquiry", "developer_offer")]
EARLY_REASONS: Final = [
    (id, capfirst(lifecycle.CLOSED_REASONS[id])) for id in ("completed", "opened_in_error", "duplicate")
]
LONG: Final = 4000


def _capitalised(choices: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(id, capfirst(label)) for id, label in choices]


class DraftForm(forms.Form):
    """A case as the developer drafts it. The model version and the date may come later, before submission."""

    tracking_number = SingleLine(
        label="Your tracking number",
        max_length=60,
        help_text="As your own organization keeps it; you can search by it here.",
    )
    origin = forms.ChoiceField(label="What you ask or offer", choices=OWN_ORIGINS, widget=forms.RadioSelect)
    model = SingleLine(
        label="Model name", max_length=200, required=False, help_text="Needed before you submit."
    )
    version = SingleLine(
        label="Version", max_length=100, required=False, help_text="A case reviews one version of one model."
    )
    variant = forms.ChoiceField(label="Variant", choices=variant_choices)
    checkpoint_digest = SingleLine(
        label="Checkpoint digest", max_length=80, required=False, help_text="SHA-256 in hex, 64 characters."
    )
    release_at = EasternDateTimeField(
        label="Planned general release",
        required=False,
        help_text="Needed before you submit. Yours to change at any time; nobody here sets or delays it.",
    )
    question = forms.CharField(
        label="Your question or offer, in your own words",
        max_length=LONG,
        required=False,
        widget=forms.Textarea,
    )
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)

    @classmethod
    def of(cls, case: Case) -> "DraftForm":
        """The form filled with a draft as it stands."""
        version = case.model_version
        planned = version and version.milestones.filter(kind="general_release").order_by("-stated_at").first()
        values = {
            "tracking_number": case.tracking_number,
            "origin": case.origin,
            "question": case.question,
            "revision": case.revision,
            "release_at": planned.at if planned else None,
        }
        if version is not None:
            values |= {
                "model": version.model.name,
                "version": version.name,
                "variant": version.variant,
                "checkpoint_digest": version.checkpoint_digest,
            }
        return cls(initial=values)

    def clean_checkpoint_digest(self) -> str:
        """A digest in lower-case hex, its `sha256:` dropped."""
        digest = str(self.cleaned_data["checkpoint_digest"]).lower().removeprefix("sha256:")
        if digest and (len(digest) != 64 or set(digest) - set("0123456789abcdef")):
            raise forms.ValidationError(
                "A SHA-256 digest has 64 characters, 0–9 and a–f. Copy it whole, or leave it empty."
            )
        return digest

    def clean(self) -> dict[str, Any]:
        """Model and version are named together."""
        values = super().clean() or {}
        named = {key: values.get(key) for key in ("model", "version")}
        if any(named.values()) and not all(named.values()):
            missing = "version" if named["model"] else "model"
            self.add_error(missing, "Name the model and its version together, or leave both for later.")
        return values


class MoveForm(forms.Form):
    """The confirmation of a move: what is asked depends on how far it reaches."""

    revision = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, move: lifecycle.Move, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if move.name == "close_early":
            self.fields["closed_reason"] = forms.ChoiceField(
                label="Why it closes", choices=EARLY_REASONS, widget=forms.RadioSelect
            )
        if move.to == lifecycle.CLOSED and move.permission == "case.close":
            self.fields["reason"] = forms.CharField(
                label="Reason, in a sentence",
                max_length=500,
                required=move.name == "close_early",
                widget=forms.Textarea(attrs={"rows": 3}),
                help_text="Stands in the history, where the developer reads it too.",
            )
        if move.to == lifecycle.WITHDRAWN:
            self.fields["confirmed"] = forms.BooleanField(
                label="I have read what ends, and withdraw this case for my organization.",
                error_messages={"required": "Mark the box to withdraw, or go back; nothing has changed."},
            )


class AssignForm(forms.Form):
    """Somebody with a live appointment, in the role of that appointment."""

    whom = forms.ChoiceField(label="Person and role")

    def __init__(self, *args: Any, people: list[Appointment], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._people = {f"{a.role}:{a.person_id}": a for a in people}
        groups: dict[str, list[tuple[str, str]]] = {}
        for key, a in self._people.items():
            groups.setdefault(ROLES[a.role].title, []).append(
                (key, f"{a.person.name}, {a.organisation.short_name}")
            )
        self.fields["whom"].choices = [("", "Choose a person"), *groups.items()]  # type: ignore[attr-defined]

    def chosen(self) -> tuple[User, str]:
        """The person and the role."""
        appointment = self._people[self.cleaned_data["whom"]]
        return appointment.person, appointment.role


class RecuseForm(forms.Form):
    """Who is kept from the case, and why."""

    whom = forms.ChoiceField(
        label="Person", help_text="Reads nothing of the case any more, from that second."
    )
    reason = forms.CharField(
        label="Reason",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Read by the agency alone.",
    )

    def __init__(self, *args: Any, people: list[Appointment], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._people = {str(a.person_id): a.person for a in people}
        named = sorted((person.name, key) for key, person in self._people.items())
        self.fields["whom"].choices = [("", "Choose a person"), *((key, name) for name, key in named)]  # type: ignore[attr-defined]

    def chosen(self) -> User:
        """The person."""
        return self._people[self.cleaned_data["whom"]]


class DeclareForm(forms.Form):
    """A declaration: no conflict of interest, or which one."""

    kind = forms.ChoiceField(label="I declare", choices=declaration_choices, widget=forms.RadioSelect)
    text = forms.CharField(
        label="The conflict, in a sentence or two",
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Read by the framework lead and the security manager alone. Empty where there is none.",
    )

    def clean(self) -> dict[str, Any]:
        """A conflict has words; none needs none."""
        values = super().clean() or {}
        kind, text = values.get("kind"), values.get("text", "")
        if kind and kind != NO_CONFLICT and not text.strip():
            self.add_error("text", "Describe the conflict in a sentence.")
        if kind == NO_CONFLICT and text.strip():
            self.add_error("text", "Leave this empty where there is no conflict, or choose which one above.")
        return values


class LiftForm(forms.Form):
    """Why a recusal is lifted."""

    reason = forms.CharField(
        label="Reason",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Read by the agency alone.",
    )


class ReleaseForm(forms.Form):
    """One statement of a release date. Earlier statements stay; the newest of a kind counts."""

    kind = forms.ChoiceField(
        label="Which release", choices=_capitalised(ReleaseMilestone.KINDS), widget=forms.RadioSelect
    )
    state = forms.ChoiceField(
        label="Planned or actual", choices=_capitalised(ReleaseMilestone.STATES), widget=forms.RadioSelect
    )
    at = EasternDateTimeField(label="When")

    def stated(self) -> tuple[str, str, datetime]:
        """Kind, state, instant."""
        return self.cleaned_data["kind"], self.cleaned_data["state"], self.cleaned_data["at"]


class NoteForm(forms.Form):
    """A note that only the agency reads."""

    text = forms.CharField(
        label="Note",
        max_length=LONG,
        widget=forms.Textarea,
        help_text="Read by the agency alone. A note stays as written.",
    )
