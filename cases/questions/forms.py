"""Forms of questions: asking, answering, not answering, a message, an end."""

from datetime import date, datetime
from typing import Any, Final

from django import forms

from accounts.models import Appointment, User
from cases.access.forms import ConfirmForm
from cases.documents.models import Document
from cases.questions import guards
from cases.questions.models import Question, subject_choices, wants_choices
from portal.kit.forms import Chosen, EasternDateTimeField, SingleLine

__all__ = ["AnswerForm", "DeclineForm", "EndForm", "FollowForm", "MessageForm", "SeenForm", "ThreadForm"]

LONG: Final = 10_000
YES_NO: Final = [("yes", "Yes"), ("no", "No")]
WHOLE: Final = [("whole", "This is the whole answer"), ("part", "This is a part; more follows")]


def _text(label: str, hint: str = "", *, required: bool = True, rows: int = 6) -> forms.CharField:
    return forms.CharField(
        label=label, help_text=hint, required=required, max_length=LONG, widget=forms.Textarea({"rows": rows})
    )


class FollowForm(forms.Form):
    """A question: its words, the kind of answer, the hour."""

    text = _text("Question", "It stays as you send it; what you want to change later is a message.")
    wants = forms.ChoiceField(
        label="What kind of answer", choices=wants_choices, widget=forms.RadioSelect, initial="text"
    )
    due_at = EasternDateTimeField(
        label="Answer asked for by",
        help_text="The policy's target stands here. It may be later, or as early as the close of the next business "
        "day. Nothing follows when it goes by.",
    )

    def __init__(self, *args: Any, due_at: datetime, now: datetime, **kwargs: Any) -> None:
        kwargs["initial"] = {"due_at": due_at}
        super().__init__(*args, **kwargs)
        self._now = now

    def clean_due_at(self) -> datetime:
        """Not before the developer has had a business day."""
        due_at: datetime = self.cleaned_data["due_at"]
        refused = guards.due_refusal(due_at, self._now)
        if refused:
            raise forms.ValidationError(refused.sentence)
        return due_at


class ThreadForm(FollowForm):
    """A new thread with its first question."""

    field_order = ("subject", "title", "text", "wants", "due_at")
    subject = forms.ChoiceField(label="Topic", choices=subject_choices, widget=forms.RadioSelect)
    title = SingleLine(
        label="Title", max_length=120, help_text="A few words. Only those who read the case see them."
    )


class StepForm(forms.Form):
    """A form about a question; `revision` says on which state of the question it was filled in."""

    revision = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, question: Question, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["revision"].initial = question.revision


class AnswerForm(StepForm):
    """An answer of the kind that the question asks for, whole or in part, with own documents of the case."""

    def __init__(
        self, *args: Any, question: Question, user: User, now: datetime, appointment: Appointment, **kwargs: Any
    ) -> None:  # fmt: skip
        super().__init__(*args, question=question, **kwargs)
        self._question = question
        if question.wants == "date":
            self.fields["on"] = forms.DateField(label="Date", required=False)
        if question.wants == "yes_no":
            self.fields["yes"] = forms.ChoiceField(
                label="Yes or no", choices=YES_NO, widget=forms.RadioSelect, required=False
            )
        label = "Answer" if question.wants == "text" else "Note"
        self.fields["text"] = _text(label, required=False)
        papers = Document.objects.visible_to(user, now).filter(
            case=question.thread.case, owner=appointment.organisation, withdrawn_at__isnull=True
        )
        self.fields["documents"] = Chosen(
            papers.order_by("created_at", "pk"), required=False, label="Documents that go with it",
            named=lambda one: f"{one.get_kind_display()}: {one.title}",
            help_text="Your own documents of this case. Choosing one opens it to nobody who does not see it already.",
        )  # fmt: skip
        self.fields["whole"] = forms.ChoiceField(
            label="How much of it", choices=WHOLE, widget=forms.RadioSelect, initial="whole"
        )

    def clean_yes(self) -> bool | None:
        """Yes, no, or neither."""
        return {"yes": True, "no": False}.get(self.cleaned_data["yes"])

    def clean(self) -> dict[str, Any]:
        """A whole answer is of the kind that the question asks for."""
        data = super().clean() or self.cleaned_data
        data["whole"] = data.get("whole") != "part"
        if self.errors:
            return data
        on: date | None = data.get("on")
        refused = guards.answer_content_refusal(
            self._question, data["whole"], data["text"], on, data.get("yes"), data["documents"]
        )
        if refused:
            field = {"date": "on", "yes_no": "yes", "document": "documents"}.get(self._question.wants, "text")
            self.add_error(field if data["whole"] else "text", refused.sentence)
        return data


class DeclineForm(StepForm):
    """Saying that a question is not answered."""

    text = _text("Reason", "Nobody asks you for one.", required=False, rows=4)


class MessageForm(forms.Form):
    """A message to a question."""

    text = _text("Message")


class EndForm(StepForm, ConfirmForm):
    """The end of a question."""


class SeenForm(forms.Form):
    """Until when a person has seen a case: the hour of the page it pressed on."""

    until = forms.DateTimeField(input_formats=["%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%dT%H:%M:%S%z"])
