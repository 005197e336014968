"""Questions of the agency to the developer: threads by topic, questions, messages; and who saw a case until when."""

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from simple_history.models import HistoricalRecords

from accounts.models import Appointment, User
from cases.documents.models import Document
from cases.register.models import Case
from cases.rules import visibility
from portal.kit.models import Guarded, GuardedQuerySet


def subject_choices() -> list[tuple[str, str]]:
    """What a thread may be about."""
    return [
        ("model_identity", "Model identity"),
        ("safeguards", "Safeguards"),
        ("access", "Access and endpoint"),
        ("evidence", "Evidence"),
        ("dates", "Dates"),
        ("other", "Something else"),
    ]


def wants_choices() -> list[tuple[str, str]]:
    """What kind of answer a question asks for."""
    return [
        ("text", "Text"),
        ("document", "One or more documents"),
        ("date", "A date"),
        ("yes_no", "Yes or no, with a note"),
    ]


def answered_choices() -> list[tuple[str, str]]:
    """How far the developer has answered."""
    return [
        ("part", "answered in part"),
        ("answered", "answered"),
        ("declined", "not answered, by the developer's choice"),
    ]


def ended_choices() -> list[tuple[str, str]]:
    """How the agency ends a question."""
    return [("closed", "closed as answered"), ("taken_back", "taken back")]


def message_kind_choices() -> list[tuple[str, str]]:
    """What a message is."""
    return [
        ("part", "Part of the answer"),
        ("answer", "Answer"),
        ("declined", "The developer does not answer this"),
        ("message", "Message"),
    ]


class QuestionThreadQuerySet(GuardedQuerySet["QuestionThread"]):
    """Threads, always asked for a person and an instant."""

    def visible_to(self, user: User, now: datetime) -> "QuestionThreadQuerySet":
        """Threads this person sees: both sides those of their cases."""
        return self.filter(visibility.question_threads(user, now))


class QuestionThread(Guarded):
    """One topic on which the agency asks the developer. It bears the marking of its case. Append-only."""

    append_only = True
    history_reason = "Append-only: the row is its own history."
    instant = "opened_at"

    case = models.ForeignKey(Case, models.PROTECT, related_name="question_threads")
    subject = models.CharField(max_length=20, choices=subject_choices)
    title = models.CharField(max_length=120)
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    objects = QuestionThreadQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["case", "opened_at"], name="question_thread_of_case")]

    def __str__(self) -> str:
        return self.get_subject_display()

    def get_absolute_url(self) -> str:
        """The thread's page."""
        return reverse("cases:question_thread", args=[self.pk])


class QuestionQuerySet(GuardedQuerySet["Question"]):
    """Questions, always asked for a person and an instant."""

    def visible_to(self, user: User, now: datetime) -> "QuestionQuerySet":
        """Questions of the threads this person sees."""
        return self.filter(visibility.questions(user, now))


class Question(Guarded):
    """One question of a thread. Its hour is a wish: nothing follows when it goes by."""

    thread = models.ForeignKey(QuestionThread, models.PROTECT, related_name="questions")
    number = models.PositiveIntegerField(help_text="Counts the questions of the thread")
    text = models.TextField()
    wants = models.CharField(max_length=10, choices=wants_choices)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    appointment = models.ForeignKey(Appointment, models.PROTECT, related_name="+")
    due_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_as = models.CharField(max_length=10, choices=answered_choices, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    ended_as = models.CharField(max_length=10, choices=ended_choices, blank=True)
    revision = models.PositiveIntegerField(default=0)
    history = HistoricalRecords()
    objects = QuestionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["thread", "number"], name="question_number_once"),
            models.CheckConstraint(condition=Q(due_at__gt=F("asked_at")), name="question_due_after_asked"),
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True, answered_as__in=["", "part"])
                | Q(answered_at__isnull=False, answered_as__in=["answered", "declined"]),
                name="question_answered_how",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by__isnull=True, ended_as="")
                | (Q(ended_at__isnull=False, ended_by__isnull=False) & ~Q(ended_as="")),
                name="question_ended_how",
            ),
            models.CheckConstraint(
                condition=~Q(ended_as="closed") | ~Q(answered_as=""), name="question_closed_answered"
            ),
        ]
        indexes = [models.Index(fields=["due_at"], name="question_open", condition=Q(ended_at__isnull=True))]

    def __str__(self) -> str:
        return f"question {self.number}"

    @property
    def is_open(self) -> bool:
        """Whether the agency has neither closed it nor taken it back."""
        return self.ended_at is None

    @property
    def awaited(self) -> bool:
        """Whether an answer may still come first: neither answered, nor declined, nor ended."""
        return self.is_open and self.answered_at is None


class QuestionMessage(Guarded):
    """What was said to a question by either side. Nothing said is changed: a correction is a message. Append-only."""

    append_only = True
    history_reason = "Append-only: the row is its own history."
    instant = "at"

    question = models.ForeignKey(Question, models.PROTECT, related_name="messages")
    kind = models.CharField(max_length=10, choices=message_kind_choices)
    text = models.TextField(blank=True)
    on = models.DateField(null=True, blank=True)
    yes = models.BooleanField(null=True, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    appointment = models.ForeignKey(Appointment, models.PROTECT, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["question", "at"], name="question_message_of")]

    def __str__(self) -> str:
        return "message to a question"


class QuestionDocument(Guarded):
    """A document of the case that a message carries. It opens nothing to anybody. Append-only."""

    append_only = True
    history_reason = "Append-only: the row is its own history."

    message = models.ForeignKey(QuestionMessage, models.PROTECT, related_name="attached")
    document = models.ForeignKey(Document, models.PROTECT, related_name="answers")
    attached_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "document"], name="question_document_once")]

    def __str__(self) -> str:
        return "document of an answer"


class LastSeen(Guarded):
    """Until when a person has seen a case, as it said itself: what came after is marked as new for that person."""

    history_reason = "A person's own bookmark: it tells of no act on the case, and nobody else reads it."

    case = models.ForeignKey(Case, models.PROTECT, related_name="last_seen")
    person = models.ForeignKey(User, models.PROTECT, related_name="+")
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "person"], name="last_seen_once")]

    def __str__(self) -> str:
        return "last seen"
