"""Forms of access: the agreement, signing, partners, grants. Each is short and about one thing."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django import forms
from django.forms import ChoiceField

from accounts.models import Organisation, User
from cases.access.actions import Limits
from cases.access.guards import Stated
from cases.access.models import LIMITS, Agreement, close_out_choices, mode_choices
from cases.access.text import Terms, safeguard_labels
from cases.register.models import Case
from cases.rules import window
from portal.kit.forms import EasternDateTimeField, SingleLine

LONG: Final = 4000
PEOPLE_LISTED: Final = 200


def _text(label: str, hint: str = "", *, required: bool = True, rows: int = 4) -> forms.CharField:
    return forms.CharField(
        label=label, help_text=hint, required=required, max_length=LONG, widget=forms.Textarea({"rows": rows})
    )


def _limit(label: str) -> forms.IntegerField:
    return forms.IntegerField(label=label, required=False, min_value=1, max_value=10**12)


def _next_hour(at: datetime) -> datetime:
    """The next full hour: a form shows minutes, and an opening cut down to them would lie too early."""
    return at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


class AgreementForm(forms.Form):
    """The terms of an agreement version. The anchor is chosen among the dates the developer stated."""

    anchor = ChoiceField(
        label="Anchor",
        widget=forms.RadioSelect,
        help_text="The developer's own planned date; nobody else sets or moves it.",
    )
    opens_at = EasternDateTimeField(label="Window opens")
    closes_at = EasternDateTimeField(
        label="Window closes",
        help_text="At the anchor or before; 30 days in all windows of the case together.",
    )
    scope = _text("Scope", "What the model is used for, by which offices, through which mode of access.")
    safeguards = forms.MultipleChoiceField(
        label="Safeguards",
        help_text="Each is attested with its evidence before anybody signs.",
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    people = _text(
        "People with access",
        "One a line: name, organization. They alone can be named on a grant. Needed before anybody signs.",
        required=False,
    )
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(
        self, *args: Any, case: Case, stated: Stated, now: datetime, amends: Agreement | None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._now = now
        if amends is not None:
            self.fields["opens_at"].required = False
            self.fields["opens_at"].help_text = "With the second signature when left out."
        self._anchors = {
            kind: stated[(kind, "planned")] for kind in window.ANCHORS if (kind, "planned") in stated
        }
        self._choices(
            "anchor", [(k, f"{window.ANCHORS[k]}: {window.instant(at)}") for k, at in self._anchors.items()]
        )
        self._choices("safeguards", list(safeguard_labels(case).items()))

    def _choices(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, ChoiceField)
        field.choices = choices

    @staticmethod
    def start(
        case: Case, stated: Stated, last: Agreement | None, now: datetime, amends: Agreement | None = None
    ) -> dict[str, Any]:
        """Initial values: those of the last version, or a window of 30 days before the stated release."""
        values: dict[str, Any] = {"revision": case.revision}
        planned = stated.get((window.GENERAL_RELEASE, "planned"))
        if planned is not None:
            opens = _next_hour(max(planned - window.LIMIT, now))
            values |= {"anchor": window.GENERAL_RELEASE, "opens_at": opens, "closes_at": planned}
        if amends is not None:
            ahead = amends.closes_at > now
            values |= {"opens_at": None, "closes_at": amends.closes_at if ahead else planned}
        if last is not None:
            values |= {
                "anchor": last.anchor_kind, "scope": last.scope, "safeguards": last.safeguards,
                "people": "\n".join(last.people),
            }  # fmt: skip
        return values

    def clean_opens_at(self) -> datetime:
        """The opening; of an amendment that leaves it out the second signature, so from now on."""
        return self.cleaned_data["opens_at"] or self._now

    def clean_people(self) -> list[str]:
        """Names, one a line, empty lines dropped."""
        clean = SingleLine(max_length=PEOPLE_LISTED, required=False).clean
        return [name for line in self.cleaned_data["people"].splitlines() if (name := clean(line))]

    def clean_scope(self) -> str:
        """The scope with plain line ends, so that the same words have the same digest."""
        return "\n".join(self.cleaned_data["scope"].splitlines()).strip()

    def terms(self) -> Terms:
        """The cleaned values as terms."""
        data = self.cleaned_data
        return Terms(
            anchor_kind=data["anchor"],
            anchor_at=self._anchors[data["anchor"]],
            opens_at=data["opens_at"],
            closes_at=data["closes_at"],
            scope=data["scope"],
            safeguards=tuple(data["safeguards"]),
            people=tuple(data["people"]),
        )

    def typed(self) -> Terms | None:
        """The dates as typed (at first as proposed), where they can be read, as terms for the line."""
        data = getattr(self, "cleaned_data", {}) if self.is_bound else self.initial
        closes, anchor = data.get("closes_at"), data.get("anchor")
        opens = data.get("opens_at") or (self._now if closes else None)
        if not (opens and closes and anchor in self._anchors) or opens >= closes:
            return None
        return Terms(anchor, self._anchors[anchor], opens, closes, "", (), ())


class Evidence(forms.ModelChoiceField):
    """A document, said by its kind and title."""

    def label_from_instance(self, obj: Any) -> str:
        """The kind and the title."""
        return f"{obj.get_kind_display()}: {obj.title}"


class AttestationForm(forms.Form):
    """The attestation of one safeguard: its evidence, and how long it is valid."""

    safeguard = ChoiceField(label="Safeguard", widget=forms.RadioSelect)
    document = Evidence(
        None,
        label="Evidence",
        empty_label="Choose one",
        help_text="A document of this case that both sides see.",
    )
    valid_from = EasternDateTimeField(
        label="Valid from", required=False, help_text="From now on when left out."
    )
    valid_until = EasternDateTimeField(
        label="Valid until",
        help_text="Nobody signs an agreement after it until the safeguard is attested anew.",
    )
    confirmed = forms.BooleanField(
        label="I attest that this safeguard is in place, in the capacity shown.",
        error_messages={"required": "Mark the box to attest it, or go back; nothing has changed."},
    )

    def __init__(
        self, *args: Any, safeguards: Sequence[tuple[str, str]], evidence: Any, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        safeguard, document = self.fields["safeguard"], self.fields["document"]
        assert isinstance(safeguard, ChoiceField)
        assert isinstance(document, forms.ModelChoiceField)
        safeguard.choices = list(safeguards)
        document.queryset = evidence


class SignForm(forms.Form):
    """The signature: the digest of the text that was shown goes with it."""

    digest = forms.CharField(widget=forms.HiddenInput, max_length=64)
    confirmed = forms.BooleanField(
        label="I have read the exact text above and sign it in the capacity shown.",
        error_messages={"required": "Mark the box to sign, or go back; nothing is signed yet."},
    )


class NominationForm(forms.Form):
    """A trusted partner and why."""

    partner = forms.ModelChoiceField(
        Organisation.objects.filter(kind="partner", is_active=True).order_by("short_name"),
        label="Partner", empty_label="Choose one",
    )  # fmt: skip
    purpose = _text(
        "Purpose", "What the partner is to do with early access. Read by the developer and the agency."
    )
    basis = SingleLine(
        label="Basis",
        max_length=200,
        help_text="Why this partner, for example: operator of critical infrastructure.",
    )
    sector = SingleLine(
        label="Sector", max_length=100, required=False, help_text="As on the roster when left out."
    )
    starts_at = EasternDateTimeField(
        label="Planned start of access",
        required=False,
        help_text="The offer lapses at that hour at the latest.",
    )


class ReasonForm(forms.Form):
    """A reason that only the own side reads."""

    reason = _text("Reason", "Read by your own side alone.", required=False, rows=3)


class ConfirmForm(forms.Form):
    """A box to mark before something far-reaching; the words come with it."""

    confirmed = forms.BooleanField(
        error_messages={"required": "Mark the box, or go back; nothing has changed."}
    )

    def __init__(self, *args: Any, words: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["confirmed"].label = words


class RetractForm(ReasonForm, ConfirmForm):
    """Retracting a concurrence."""

    field_order = ("reason", "confirmed")


class GrantForm(forms.Form):
    """A grant for an organisation already chosen: who, how, for what, from when until when."""

    people = forms.MultipleChoiceField(
        label="People named on the grant",
        widget=forms.CheckboxSelectMultiple,
        help_text="They alone may use it, each in their own name.",
        error_messages={"required": "Name at least one person who will use the grant."},
    )
    mode = ChoiceField(label="How the model is reached", choices=mode_choices, widget=forms.RadioSelect)
    tasks_allowed = _text("Tasks allowed", "One task a line.")
    tasks_forbidden = _text("Tasks not allowed", "One task a line.", required=False)
    requests_per_minute = _limit("Requests a minute, at most")
    requests_per_day = _limit("Requests a day, at most")
    tokens_per_day = _limit("Tokens a day, at most")
    concurrent_requests = _limit("Requests at the same time, at most")
    safeguards = forms.MultipleChoiceField(
        label="Safeguards in force", widget=forms.CheckboxSelectMultiple, required=False,
        help_text="Of the signed agreement. Leave out only what cannot bear on this way of access.",
    )  # fmt: skip
    own_safeguards = _text("Further safeguards of this grant", "One a line.", required=False, rows=3)
    starts_at = EasternDateTimeField(label="Starts", required=False, help_text="At once when left out.")
    ends_at = EasternDateTimeField(
        label="Ends", help_text="Inside the access window; it ends by itself at that second."
    )

    def __init__(self, *args: Any, people: Sequence[User], safeguards: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._people = {str(person.pk): person for person in people}
        names = {key: person.name for key, person in self._people.items()}
        for name, choices in (("people", names), ("safeguards", safeguards)):
            field = self.fields[name]
            assert isinstance(field, forms.MultipleChoiceField)
            field.choices = list(choices.items())
        self.fields["safeguards"].initial = list(safeguards)

    def told(self) -> dict[str, Any]:
        """The arguments of `issue_grant`."""
        rest = {name: value for name, value in self.cleaned_data.items() if name not in LIMITS}
        return {**rest, "limits": Limits(**{name: self.cleaned_data[name] for name in LIMITS})}

    def clean_people(self) -> list[User]:
        """The people chosen."""
        return [self._people[key] for key in self.cleaned_data["people"]]


class PersonForm(forms.Form):
    """One more person to be named on a grant."""

    person = ChoiceField(
        label="Person",
        widget=forms.RadioSelect,
        error_messages={"required": "Choose the person to be named."},
    )

    def __init__(self, *args: Any, people: Sequence[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._people = {str(person.pk): person for person in people}
        field = self.fields["person"]
        assert isinstance(field, ChoiceField)
        field.choices = [(key, person.name) for key, person in self._people.items()]

    def clean_person(self) -> User:
        """The person chosen."""
        return self._people[self.cleaned_data["person"]]


class TermsForm(forms.Form):
    """The acceptance: the digest of the terms that were shown goes with it."""

    digest = forms.CharField(widget=forms.HiddenInput, max_length=64)
    confirmed = forms.BooleanField(
        label="I have read the exact terms above and accept them for my organization.",
        error_messages={"required": "Mark the box to accept, or go back; nothing has changed."},
    )


class CloseOutForm(ConfirmForm):
    """The return or destruction certificate."""

    field_order = ("statement", "remarks", "confirmed")
    statement = ChoiceField(label="What was done", choices=close_out_choices, widget=forms.RadioSelect)
    remarks = _text(
        "Statement", "What, when and how. Read by the developer and the agency.", required=False, rows=3
    )


class HolderForm(forms.Form):
    """For whom a grant is: read from the address `?for=office:<id>` or `?for=partner:<nomination id>`."""

    def __init__(self, value: str) -> None:
        kind, _, key = value.partition(":")
        super().__init__({"kind": kind, "key": key})

    kind = ChoiceField(choices=[("office", "office"), ("partner", "partner")])
    key = forms.UUIDField()

    def chosen(self) -> tuple[str, UUID] | None:
        """Kind and id, or None when the address says nothing readable."""
        return (self.cleaned_data["kind"], self.cleaned_data["key"]) if self.is_valid() else None
