"""People, organisations, and dated appointments of people in organisations."""

from copy import copy
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from simple_history.models import HistoricalRecords

from accounts.roles import ROLES, capacity_choices, kind_choices, role_choices
from portal.kit.models import Guarded, GuardedQuerySet, Record


class UserManager(BaseUserManager["User"]):
    """Makes people. There is no superuser: what a person may do comes from appointments alone."""

    def create_user(self, email: str, name: str, password: str | None = None) -> "User":
        """A person with a normalised address; without a password nobody signs in with one."""
        user = self.model(email=self.normalize_email(email).lower(), name=name)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        """Look a person up by address, whatever its case."""
        return self.get(email__iexact=username)


class User(Record, AbstractBaseUser, PermissionsMixin):
    """A person. Never deleted, only deactivated, because history names it."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200)
    is_active = models.BooleanField(default=True)
    is_demonstration = models.BooleanField(default=False, editable=False)
    history = HistoricalRecords(excluded_fields=["password", "last_login"])

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]
    objects = UserManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_once"),
            models.CheckConstraint(condition=Q(is_superuser=False), name="user_no_superuser"),
        ]

    def __str__(self) -> str:
        return self.name

    def appointments_at(self, now: datetime) -> list["Appointment"]:
        """This person's live appointments at `now`, organisations loaded; asked once per instant."""
        kept: tuple[datetime, list[Appointment]] | None = self.__dict__.get("_appointments")
        if kept is None or kept[0] != now:
            live = list(Appointment.objects.live(now).filter(person=self).select_related("organisation"))
            kept = (now, live if self.is_active else [])
            self.__dict__["_appointments"] = kept
        return kept[1]

    def standing_only(self, appointments: list["Appointment"], now: datetime) -> "User":
        """This person as it stands at `now` under `appointments` alone: to ask what one organisation sees by it."""
        alone = copy(self)
        alone.__dict__["_appointments"] = (now, appointments)
        return alone


class Organisation(Guarded):
    """A developer, a government office, a trusted partner, an oversight body, or the portal's operator."""

    name = models.CharField(max_length=200, unique=True)
    short_name = models.CharField(max_length=40, unique=True)
    kind = models.CharField(max_length=20, choices=kind_choices)
    sector = models.CharField(max_length=100, blank=True)
    country = models.CharField(max_length=2, default="US")
    registration = models.CharField(max_length=40, blank=True, help_text="Unique Entity ID or the like")
    is_active = models.BooleanField(default=True)
    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=[kind for kind, _ in kind_choices()]), name="organisation_kind_known"
            )
        ]

    def __str__(self) -> str:
        return self.name


class AppointmentQuerySet(GuardedQuerySet["Appointment"]):
    """Appointments, asked by time and role."""

    def live(self, now: datetime) -> "AppointmentQuerySet":
        """Those whose span contains `now`, of active people in active organisations."""
        return self.filter(span__contains=now, person__is_active=True, organisation__is_active=True)

    def in_role(self, *roles: str) -> "AppointmentQuerySet":
        """Those in any of `roles`."""
        return self.filter(role__in=roles)


class Appointment(Guarded):
    """A person's dated role in an organisation, with the capacity in which it is held."""

    person = models.ForeignKey(User, models.PROTECT, related_name="appointments")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="appointments")
    role = models.CharField(max_length=40, choices=role_choices)
    capacity = models.CharField(max_length=10, choices=capacity_choices, default="own")
    on_behalf_of = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="stand_ins")
    delegation_reference = models.CharField(
        max_length=200, blank=True, help_text="Where the delegation is on file"
    )
    span = DateTimeRangeField()
    history = HistoricalRecords()
    objects = AppointmentQuerySet.as_manager()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="appointment_no_overlap",
                expressions=[
                    ("person", RangeOperators.EQUAL),
                    ("organisation", RangeOperators.EQUAL),
                    ("role", RangeOperators.EQUAL),
                    ("span", RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(
                condition=Q(span__startswith__isnull=False) & Q(span__isempty=False),
                name="appointment_span_starts",
            ),
            models.CheckConstraint(
                condition=~Q(capacity="delegated") | ~Q(delegation_reference=""), name="delegation_on_file"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}, {self.title}, {self.organisation.short_name}"

    @property
    def title(self) -> str:
        """The role's name on screen."""
        return ROLES[self.role].title

    @property
    def permissions(self) -> frozenset[str]:
        """What this appointment allows, before any case is looked at."""
        return ROLES[self.role].permissions
