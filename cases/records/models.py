"""Records of a case: legal holds, and requests for its documents under the Freedom of Information Act."""

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from simple_history.models import HistoricalRecords

from accounts.models import Appointment, User
from accounts.roles import capacity_choices
from cases.documents.models import Document
from cases.register.models import Case
from cases.rules import visibility
from portal.kit.models import Guarded, GuardedQuerySet


def outcome_choices() -> list[tuple[str, str]]:
    """What was decided on a request."""
    return [
        ("released", "Released"),
        ("withheld_in_part", "Withheld in part"),
        ("withheld", "Withheld"),
        ("ended", "The requester withdrew the request"),
    ]


def answer_choices() -> list[tuple[str, str]]:
    """What the submitter says to a notice."""
    return [("objects", "objects to the release"), ("none", "has no objection")]


class LegalHoldQuerySet(GuardedQuerySet["LegalHold"]):
    """Legal holds, always asked for a person and an instant."""

    def visible_to(self, user: User, now: datetime) -> "LegalHoldQuerySet":
        """Legal holds on the cases that this person opens for the agency or as auditor."""
        return self.filter(visibility.legal_holds(user, now))


class LegalHold(Guarded):
    """A duty to keep every record of a case, or one document, while a legal matter is open."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="legal_holds")
    document = models.ForeignKey(
        Document, models.PROTECT, null=True, blank=True, related_name="legal_holds"
    )  # None: everything of the case
    matter = models.CharField(max_length=200)
    authority = models.CharField(max_length=200, default="")
    reason = models.TextField(default="")
    placed_at = models.DateTimeField()
    placed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    lift_reason = models.TextField(blank=True, default="")
    history = HistoricalRecords()
    objects = LegalHoldQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case", "document", "matter"], condition=Q(lifted_at__isnull=True), nulls_distinct=False,
                name="legal_hold_once",
            ),
            models.CheckConstraint(
                condition=Q(lifted_at__isnull=True, lifted_by__isnull=True)
                | (Q(lifted_at__isnull=False, lifted_by__isnull=False) & ~Q(lift_reason="")),
                name="legal_hold_lifted_with_reason",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"legal hold on {self.case}"


class FoiaRequestQuerySet(GuardedQuerySet["FoiaRequest"]):
    """Requests, always asked for a person and an instant."""

    def visible_to(self, user: User, now: datetime) -> "FoiaRequestQuerySet":
        """Requests this person sees: the agency and the auditor all, the developer those of which it had notice."""
        return self.filter(visibility.foia_requests(user, now))


class FoiaRequest(Guarded):
    """A request for documents of a case. The submitter is heard before anything of its own is released."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="foia_requests")
    number = models.CharField(max_length=40)
    received_at = models.DateTimeField()
    asked_for = models.TextField(help_text="The records asked for, as the request describes them")
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    notice_at = models.DateTimeField(null=True, blank=True)
    notice_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    answer_due_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    answer = models.CharField(max_length=10, choices=answer_choices, blank=True)
    objection = models.TextField(blank=True)
    objection_pages = models.CharField(max_length=200, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    appointment = models.ForeignKey(Appointment, models.PROTECT, null=True, blank=True, related_name="+")
    capacity = models.CharField(max_length=10, choices=capacity_choices, blank=True)
    outcome = models.CharField(max_length=20, choices=outcome_choices, blank=True)
    exemption_4 = models.BooleanField(default=False)
    basis = models.TextField(blank=True)
    revision = models.PositiveIntegerField(default=0)
    history = HistoricalRecords()
    objects = FoiaRequestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="foia_number_once"),
            models.CheckConstraint(
                condition=Q(received_at__lte=F("recorded_at")), name="foia_received_first"
            ),
            models.CheckConstraint(
                condition=Q(notice_at__isnull=True, notice_by__isnull=True, answer_due_at__isnull=True)
                | Q(notice_at__isnull=False, notice_by__isnull=False, answer_due_at__gt=F("notice_at")),
                name="foia_notice_with_hour",
            ),
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True, answered_by__isnull=True, answer="")
                | (
                    Q(notice_at__isnull=False, answered_at__gte=F("notice_at"), answered_by__isnull=False)
                    & ~Q(answer="")
                ),
                name="foia_answered_after_notice",
            ),
            models.CheckConstraint(
                condition=~Q(answer="objects") | ~Q(objection=""), name="foia_objection_says_why"
            ),
            models.CheckConstraint(
                condition=Q(decided_at__isnull=True, decided_by__isnull=True, outcome="", capacity="")
                | (Q(decided_at__isnull=False, decided_by__isnull=False) & ~Q(outcome="") & ~Q(capacity="")),
                name="foia_decided_whole",
            ),
        ]
        indexes = [models.Index(fields=["case", "received_at"], name="foia_of_case")]

    def __str__(self) -> str:
        return f"FOIA request {self.number}"

    def get_absolute_url(self) -> str:
        """The request's page."""
        return reverse("cases:foia", args=[self.pk])

    @property
    def is_open(self) -> bool:
        """Whether no decision is recorded yet."""
        return self.decided_at is None

    def state_at(self, now: datetime) -> str:
        """The state in a word, derived from its instants."""
        if not self.is_open:
            return str(self.get_outcome_display()).lower()
        if self.notice_at is None:
            return "received"
        if self.answer:
            return "objection received" if self.answer == "objects" else "no objection"
        assert self.answer_due_at is not None
        return "notice sent" if now < self.answer_due_at else "notice sent, its hour is over"


class FoiaDocument(Guarded):
    """A document within the scope of a request. Append-only."""

    append_only = True
    history_reason = "Append-only: the row is its own history."

    request = models.ForeignKey(FoiaRequest, models.PROTECT, related_name="scope")
    document = models.ForeignKey(Document, models.PROTECT, related_name="foia_scopes")
    added_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["request", "document"], name="foia_document_once")]

    def __str__(self) -> str:
        return "document of a FOIA request"
