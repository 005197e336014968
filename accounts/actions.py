"""What is done to the roster: people, organisations, appointments. Each leaves an entry in `stream:accounts`."""

from datetime import datetime

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from accounts.models import Appointment, Organisation, User
from accounts.roles import ROLES
from portal.audit.journal import record
from portal.kit.actions import action
from portal.kit.refusal import Refused

STREAM = "accounts"


def _require_roster(by: User | None, organisation: Organisation | None, now: datetime) -> Appointment | None:
    """The appointment under which `by` changes the roster. None for `by` means the system (first set-up)."""
    if by is None:
        return None
    for appointment in by.appointments_at(now):
        if "people.manage_all" in appointment.permissions:
            return appointment
        own = organisation is not None and appointment.organisation_id == organisation.pk
        if own and "people.manage_own" in appointment.permissions:
            return appointment
    raise Refused(
        "The roster is changed by the platform administrator, or by the organisation's own administrator."
    )


@action
def add_organisation(
    *,
    name: str,
    short_name: str,
    kind: str,
    by: User | None,
    now: datetime,
    sector: str = "",
    registration: str = "",
) -> Organisation:
    """Add an organisation of one of the kinds in `accounts.roles`."""
    appointment = _require_roster(by, None, now)
    organisation = Organisation.objects.create(
        name=name, short_name=short_name, kind=kind, sector=sector, registration=registration
    )
    record(
        "organisation.added", by=by, now=now, stream=STREAM, subject=organisation, rows=[organisation],
        appointment=appointment, data={"organisation": short_name},
    )  # fmt: skip
    return organisation


@action
def add_person(
    *,
    email: str,
    name: str,
    by: User | None,
    now: datetime,
    password: str | None = None,
    demonstration: bool = False,
) -> User:
    """Add a person. Without a password nobody signs in with one; without an appointment the person may do nothing."""
    appointment = _require_roster(by, None, now)
    person = User.objects.create_user(email, name, password)
    if demonstration:
        person.is_demonstration = True
        person.save()
    record(
        "person.added", by=by, now=now, stream=STREAM, subject=person, rows=[person], appointment=appointment,
        data={"person": name},
    )  # fmt: skip
    return person


@action
def appoint(
    *,
    person: User,
    organisation: Organisation,
    role: str,
    by: User | None,
    now: datetime,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    capacity: str = "own",
    on_behalf_of: Appointment | None = None,
    delegation_reference: str = "",
) -> Appointment:
    """Appoint a person to a role in an organisation from `starts_at` (default now) to `ends_at` (default open)."""
    acting = _require_roster(by, organisation, now)
    if organisation.kind not in ROLES[role].kinds:
        raise Refused(
            f"{ROLES[role].title} does not exist in this kind of organisation. Choose another role."
        )
    if capacity == "delegated" and not delegation_reference:
        raise Refused("Say where the delegation is on file; without it nobody signs by delegation.")
    appointment = Appointment.objects.create(
        person=person,
        organisation=organisation,
        role=role,
        capacity=capacity,
        on_behalf_of=on_behalf_of,
        delegation_reference=delegation_reference,
        span=DateTimeTZRange(starts_at or now, ends_at),
    )
    person.__dict__.pop("_appointments", None)
    record(
        "appointment.made", by=by, now=now, stream=STREAM, subject=appointment, rows=[appointment],
        appointment=acting, data={"person": person.name, "role": ROLES[role].title.lower()},
    )  # fmt: skip
    return appointment


@action
def end_appointment(*, appointment: Appointment, by: User | None, now: datetime) -> Appointment:
    """End an appointment at `now`; an expired appointment is no appointment."""
    acting = _require_roster(by, appointment.organisation, now)
    appointment = Appointment.objects.select_for_update().get(pk=appointment.pk)
    if appointment.span.upper is not None and appointment.span.upper <= now:
        raise Refused("This appointment has ended already.", conflict=True)
    if appointment.span.lower >= now:
        raise Refused("This appointment has not begun. End it once it has.", conflict=True)
    appointment.span = DateTimeTZRange(appointment.span.lower, now)
    appointment.save()
    record(
        "appointment.ended", by=by, now=now, stream=STREAM, subject=appointment, rows=[appointment],
        appointment=acting,
        data={"person": appointment.person.name, "role": appointment.title.lower()},
    )  # fmt: skip
    return appointment
