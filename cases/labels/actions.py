"""What is done in labeling: offices are asked and answer, and what the developer is told is recorded.

The signed acts (determination, rescission, and the label that follows) stand in `signing`.
"""

from collections.abc import Sequence
from datetime import datetime

from accounts.models import Appointment, Organisation, User
from cases.documents.models import Document
from cases.labels import guards, packets, texts
from cases.labels.models import Consultation, Determination, Disclosure, PacketDocument
from cases.register.actions import locked, save_case
from cases.register.journal import happened
from cases.register.models import Case, RosterEntry
from cases.rules import clock, policy
from portal.kit.actions import action
from portal.kit.refusal import Refused

CHANGED = "What you read has changed since you opened the page. Read the text below again, then try again."
REPLACED = "Replaced by a newer packet."


def refuse_when(sentence: str | None, *, conflict: bool = True) -> None:
    """Raise Refused when a guard has something to say."""
    if sentence is not None:
        raise Refused(sentence, conflict=conflict)


@action
def open_consultations(
    *, case: Case, question: str, by: User, now: datetime, documents: Sequence[Document] = ()
) -> list[Consultation]:
    """Ask every office of the policy version's roster `question`, on one packet frozen now.

    The packet takes in every accepted run, its findings and every pointer, and the documents chosen. Asking again
    needs other evidence; requests still open on the older packet are then recorded as no response.
    """
    case = locked(case)
    appointment = policy.require(by, "consultation.open", case, now=now)
    refuse_when(guards.asking(case, list(case.determinations.all())))
    roster = list(case.policy_version.roster.select_related("office").order_by("office__short_name"))
    if not roster:
        raise Refused(f"{case.policy_version} names no office to ask.", conflict=True)
    chosen = _openable(case, documents, by, now)
    packet = packets.assemble(case, chosen)
    if case.consultations.filter(packet_digest=packets.digest(packet)).exists():
        raise Refused("The offices were asked on this very packet already.", conflict=True)
    replaced = list(
        case.consultations.select_for_update(of=("self",)).filter(answer="").select_related("office")
    )
    for consultation in replaced:
        _record_no_response(consultation, REPLACED, appointment, now)
    asked = [_ask(case, entry, question, packet, appointment, now) for entry in roster]
    for consultation in replaced:
        _tell_closed(consultation, case, appointment, now)
    for consultation in asked:
        _tell_asked(consultation, chosen, case, appointment, now)
    return asked


def _openable(case: Case, documents: Sequence[Document], by: User, now: datetime) -> list[Document]:
    """The chosen documents, if the officer may open each; so each has a version to send."""
    wanted = {document.pk for document in documents}
    found = list(Document.objects.openable_by(by, now).filter(case=case, pk__in=wanted))
    if len(found) != len(wanted):
        raise Refused(
            "A chosen document is not open to you any more. Choose again from the list.", conflict=True
        )
    return found


def _ask(
    case: Case,
    entry: RosterEntry,
    question: str,
    packet: packets.Packet,
    appointment: Appointment,
    now: datetime,
) -> Consultation:
    return Consultation.objects.create(
        case=case,
        office=entry.office,
        required=entry.required,
        question=question,
        packet=packet,
        packet_digest=packets.digest(packet),
        asked_at=now,
        asked_by=appointment.person,
        due_at=_due_at(case, now),
    )


def _due_at(case: Case, now: datetime) -> datetime:
    """When answers are due; never past the end of a window that is open at asking."""
    due = clock.due_at("consultation", now, case.policy_version.clocks)
    window = case.window_periods.filter(span__contains=now).first()
    return due if window is None else min(due, window.span.upper)


def _tell_asked(
    consultation: Consultation,
    documents: Sequence[Document],
    case: Case,
    appointment: Appointment,
    now: datetime,
) -> None:
    opened = [
        PacketDocument.objects.create(consultation=consultation, document=document) for document in documents
    ]
    happened(
        "consultation.asked", case=case, by=appointment.person, now=now, appointment=appointment,
        subject=consultation, rows=[consultation, *opened], data={"office": consultation.office.short_name},
        also=_people_of(consultation.office, case, now),
    )  # fmt: skip


def _people_of(office: Organisation, case: Case, now: datetime) -> list[User]:
    """Who answers for an office on this case."""
    recused = case.recusals.filter(until__isnull=True).values("person")
    live = Appointment.objects.live(now).in_role("consultee").filter(organisation=office)
    return [one.person for one in live.exclude(person__in=recused).select_related("person")]


def _relocked(consultation: Consultation) -> Consultation:
    return (
        Consultation.objects.select_for_update(of=("self",)).select_related("office").get(pk=consultation.pk)
    )


@action
def answer_consultation(
    *, consultation: Consultation, answer: str, by: User, now: datetime, comment: str = ""
) -> Consultation:
    """Give the office's one answer; only a person of that office does."""
    case = locked(consultation.case)
    consultation = _relocked(consultation)
    appointment = _office_appointment(consultation, case, by, now)
    refuse_when(guards.answering(case, consultation, list(case.determinations.all())))
    if answer not in guards.OFFICE_ANSWERS:
        raise Refused("Choose one of the four answers.")
    refuse_when(guards.comment_missing(answer, comment), conflict=False)
    consultation.answer, consultation.comment = answer, texts.tidy(comment)
    consultation.answered_at, consultation.answered_by = now, by
    consultation.appointment = appointment
    consultation.save()
    happened(
        "consultation.answered", case=case, by=by, now=now, appointment=appointment, subject=consultation,
        rows=[consultation], data={"office": consultation.office.short_name},
    )  # fmt: skip
    return consultation


def _office_appointment(consultation: Consultation, case: Case, by: User, now: datetime) -> Appointment:
    """The appointment under which `by` speaks for the office that was asked; someone of two offices has two."""
    policy.require(by, "consultation.answer", case, now=now)
    own = [
        appointment
        for appointment in by.appointments_at(now)
        if appointment.role == "consultee" and appointment.organisation_id == consultation.office_id
    ]
    if not own:
        raise Refused(
            f"This was put to {consultation.office.short_name}; a person of that office answers it.",
            permission="consultation.answer",
        )
    return own[0]


@action
def close_consultation(
    *, consultation: Consultation, by: User, now: datetime, reason: str = ""
) -> Consultation:
    """Record that an office gave no response: after the due hour, or before it with a reason."""
    case = locked(consultation.case)
    consultation = _relocked(consultation)
    appointment = policy.require(by, "consultation.open", case, now=now)
    refuse_when(guards.closing(consultation, reason, now))
    _record_no_response(consultation, texts.tidy(reason), appointment, now)
    _tell_closed(consultation, case, appointment, now)
    return consultation


def _record_no_response(
    consultation: Consultation, reason: str, appointment: Appointment, now: datetime
) -> None:
    consultation.answer, consultation.comment = "no_response", reason
    consultation.answered_at, consultation.answered_by = now, appointment.person
    consultation.appointment = appointment
    consultation.save()


def _tell_closed(consultation: Consultation, case: Case, appointment: Appointment, now: datetime) -> None:
    happened(
        "consultation.closed", case=case, by=appointment.person, now=now, appointment=appointment,
        subject=consultation, rows=[consultation], data={"office": consultation.office.short_name},
        also=_people_of(consultation.office, case, now),
    )  # fmt: skip


@action
def record_disclosure(
    *,
    determination: Determination,
    extent: str,
    by: User,
    now: datetime,
    summary: str = "",
    reason: str = "",
    text_digest: str | None = None,
) -> Disclosure:
    """Record what of the determination the developer is told: full, summary, fact_only, or none with a reason.

    `text_digest` is that of the text shown beforehand; another one is refused. Disclosing anything of a case the
    government opened makes the case visible to its developer.
    """
    case = locked(determination.case)
    determination = Determination.objects.select_for_update(of=("self",)).get(pk=determination.pk)
    appointment = policy.require(by, "disclosure.record", case, now=now)
    refuse_when(guards.disclosing(case, determination, determination.disclosures.exists()))
    refuse_when(guards.extent(determination, extent, summary, reason), conflict=False)
    text = texts.disclosed_text(determination.snapshot, determination.signed_at, extent, texts.tidy(summary))
    if text_digest is not None and text_digest != texts.text_digest(text):
        raise Refused(CHANGED, conflict=True)
    disclosure = Disclosure.objects.create(
        determination=determination,
        extent=extent,
        text=text,
        reason=texts.tidy(reason),
        recorded_at=now,
        recorded_by=by,
    )
    rows = _opened_to_developer(case, determination, extent, now)
    happened(
        "disclosure.recorded", case=case, by=by, now=now, appointment=appointment, subject=disclosure,
        rows=[disclosure, *rows],
    )  # fmt: skip
    return disclosure


def _opened_to_developer(case: Case, determination: Determination, extent: str, now: datetime) -> list:
    """What a disclosure opens: a government case its page, a label its entry in the register."""
    rows: list = []
    if case.origin == "government" and extent != "none" and case.disclosed_at is None:
        case.disclosed_at = now
        save_case(case)
        rows.append(case)
    label = getattr(determination, "label", None)
    if label is not None and extent in ("full", "summary"):
        label.disclosed_to_developer = True
        label.save()
        rows.append(label)
    return rows


@action
def record_response(*, disclosure: Disclosure, text: str, by: User, now: datetime) -> Disclosure:
    """Keep the developer's response beside what was disclosed; given once, and nobody must."""
    case = locked(disclosure.determination.case)
    disclosure = Disclosure.objects.select_for_update(of=("self",)).get(pk=disclosure.pk)
    appointment = policy.require(by, "response.record", case, now=now)
    refuse_when(guards.responding(disclosure))
    disclosure.response, disclosure.response_at, disclosure.response_by = texts.tidy(text), now, by
    disclosure.save()
    happened(
        "response.recorded",
        case=case,
        by=by,
        now=now,
        appointment=appointment,
        subject=disclosure,
        rows=[disclosure],
    )
    return disclosure
