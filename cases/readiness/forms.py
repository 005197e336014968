"""Forms of readiness: the answers, one obligation, the attestation, the filing."""

from typing import Any, Final, cast

from django import forms

from cases.readiness.actions import Answers
from cases.readiness.models import (
    Obligation,
    Readiness,
    consent_choices,
    obligation_kinds,
    safeguard_answers,
    subjects,
)
from portal.kit.forms import SingleLine

MOST_PEOPLE: Final = 200


def _date(label: str, help_text: str = "") -> forms.DateField:
    return forms.DateField(label=label, required=False, help_text=help_text, widget=forms.DateInput)


class AnswersForm(forms.Form):
    """An answer and a note for each safeguard of the catalogue, and the people who would have access."""

    people = forms.CharField(
        label="People who would have access",
        required=False,
        max_length=20000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="One a line: name, organization. A list for yourselves; the agreement names people anew.",
    )
    revision = forms.IntegerField(widget=forms.HiddenInput, initial=0)

    def __init__(self, *args: Any, catalogue: list[dict[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._catalogue = catalogue
        for row in catalogue:
            self.fields[f"answer_{row['id']}"] = forms.ChoiceField(
                label=row["label"], required=False, choices=[("", "Not said yet"), *safeguard_answers()]
            )
            self.fields[f"note_{row['id']}"] = SingleLine(
                label=f"Note: {row['label']}", max_length=300, required=False
            )

    @staticmethod
    def start(row: Readiness | None) -> dict[str, Any]:
        """Initial values from the answers as they stand."""
        if row is None:
            return {"revision": 0}
        values: dict[str, Any] = {"revision": row.revision}
        for id, said in row.safeguards.items():
            values |= {f"answer_{id}": said.get("answer", ""), f"note_{id}": said.get("note", "")}
        lines = (", ".join(part for part in (p["name"], p["organisation"]) if part) for p in row.people)
        return {**values, "people": "\n".join(lines)}

    def pairs(self) -> list[tuple[Any, Any]]:
        """Answer and note of each safeguard, as bound fields."""
        return [(self[f"answer_{row['id']}"], self[f"note_{row['id']}"]) for row in self._catalogue]

    def clean_people(self) -> list[dict[str, str]]:
        """Rows of name and organisation; empty lines are dropped."""
        clean = SingleLine(max_length=300).clean
        lines = [line.strip() for line in self.cleaned_data["people"].splitlines() if line.strip()]
        if len(lines) > MOST_PEOPLE:
            raise forms.ValidationError(f"List at most {MOST_PEOPLE} people, one a line.")
        rows = [clean(line).partition(",") for line in lines]
        return [{"name": name.strip(), "organisation": rest.strip()} for name, _, rest in rows]

    def told(self) -> dict[str, Any]:
        """The arguments of `actions.answer`."""
        data = self.cleaned_data
        said = {
            row["id"]: {"answer": data[f"answer_{row['id']}"], "note": data[f"note_{row['id']}"]}
            for row in self._catalogue
            if data[f"answer_{row['id']}"] or data[f"note_{row['id']}"]
        }
        return {"safeguards": said, "people": data["people"], "revision": data["revision"]}


class ObligationForm(forms.Form):
    """One obligation to a third party."""

    reference = SingleLine(
        label="Third party", max_length=120,
        help_text="As you like to call it, for example Customer A. It stands in the notice so.",
    )  # fmt: skip
    kind = forms.ChoiceField(label="Kind of obligation", choices=obligation_kinds)
    bears_on = forms.MultipleChoiceField(
        label="Bears on", choices=subjects, widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Mark what it bears on; leave the obligation out if it bears on nothing here."},
    )  # fmt: skip
    consent = forms.ChoiceField(
        label="Consent of the third party", choices=consent_choices, widget=forms.RadioSelect
    )
    consent_on = _date("Consent given on")
    notice_sent_on = _date("Third party told on", "When you told it that you would share in this case.")
    until = _date("In force until", "Leave it empty where no end is stated.")
    note = forms.CharField(
        label="Note", max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="For yourselves; never part of a notice.",
    )  # fmt: skip

    @staticmethod
    def start(row: Obligation) -> dict[str, Any]:
        """Initial values from a row as it stands."""
        return {name: getattr(row, name) for name in (*ObligationForm.base_fields, "revision")}

    def clean(self) -> dict[str, Any]:
        """A consent that was given has its day, and only such a one."""
        values = super().clean() or {}
        given = values.get("consent") == "given"
        if given and not values.get("consent_on") and "consent_on" not in self.errors:
            self.add_error("consent_on", "Say on which day the consent was given.")
        if not given and values.get("consent_on"):
            self.add_error("consent_on", "Leave the day empty, or choose “Given” above.")
        return values

    def said(self) -> Answers:
        """The cleaned values as the actions take them."""
        return cast(Answers, {name: self.cleaned_data[name] for name in ObligationForm.base_fields})


class ObligationChangeForm(ObligationForm):
    """One obligation, changed."""

    revision = forms.IntegerField(widget=forms.HiddenInput)


class AttestForm(forms.Form):
    """The attestation: the digest of the text that was shown goes with it."""

    digest = forms.CharField(widget=forms.HiddenInput, max_length=64)
    confirmed = forms.BooleanField(
        label="I have read the exact text above and attest it in the capacity shown.",
        error_messages={"required": "Mark the box to attest, or go back; nothing is attested yet."},
    )


class FileForm(forms.Form):
    """The filing of a notice."""

    confirmed = forms.BooleanField(
        label="File this notice into the case.",
        error_messages={"required": "Mark the box to file it, or go back; nothing is filed."},
    )
