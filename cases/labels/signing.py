"""The signed acts: the determination, its rescission, and the label that follows from one and ends with the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.models import Appointment, User
from accounts.roles import ROLES
from cases.benchmarks.models import SuiteVersion
from cases.labels import guards, packets, texts
from cases.labels.actions import CHANGED, refuse_when
from cases.labels.models import Consultation, Determination, Label
from cases.register import declarations
from cases.register.actions import locked
from cases.register.journal import happened
from cases.register.models import Case, ModelVersion
from cases.rules import clock, policy
from portal.kit.actions import action
from portal.kit.refusal import Refused

STALE_PACKET = (
    "Evidence was added after the packet was frozen. "
    "The case officer asks the offices again on a new packet first."
)


@dataclass(frozen=True)
class Proposal:
    """A determination before it is signed: its snapshot, the exact text made from it, and that text's digest."""

    snapshot: texts.Snapshot
    text: str
    digest: str
    suite_version: SuiteVersion | None
    appointment: Appointment


def heard(case: Case) -> list[Consultation]:
    """The case's consultations, in the order in which they were asked."""
    return list(case.consultations.select_related("office").order_by("asked_at", "office__short_name"))


def packet_of(case: Case, consultations: Sequence[Consultation]) -> packets.Packet:
    """The packet a determination rests on: the newest that offices were asked on, else the evidence as it stands."""
    return consultations[-1].packet if consultations else packets.assemble(case, [])


def signing_refusal(case: Case, consultations: Sequence[Consultation]) -> str | None:
    """Why no determination of `case` can be signed now, whoever asks, or None."""
    roster = bool(consultations) or case.policy_version.roster.exists()
    said = guards.signing(case, consultations, list(case.determinations.all()), roster=roster)
    if said is not None or not consultations:
        return said
    current = packets.assemble(case, [])
    return None if packets.same_evidence(consultations[-1].packet, current) else STALE_PACKET


def propose(
    *,
    case: Case,
    outcome: str,
    rationale: str,
    by: User,
    now: datetime,
    suite_version: SuiteVersion | None = None,
) -> Proposal:
    """The text that `by` would sign, refusing what the action refuses. Writes nothing."""
    appointment = policy.require(by, "determination.sign", case, now=now)
    consultations = heard(case)
    refuse_when(signing_refusal(case, consultations) or declarations.undeclared(case, by, appointment.role))
    packet = packet_of(case, consultations)
    refuse_when(guards.outcome(outcome, packet))
    suite = _suite(packet, suite_version)
    snapshot: texts.Snapshot = {
        "packet": packet,
        "packet_digest": packets.digest(packet),
        "policy": {"number": case.policy_version.number, "text_digest": case.policy_version.text_digest},
        "consultations": [_as_heard(one) for one in consultations],
        "outcome": outcome,
        "outcome_words": texts.OUTCOMES[outcome],
        "rationale": texts.tidy(rationale),
        "suite_version": {"id": str(suite.pk), "name": str(suite)} if suite else None,
        "signer": _signer(appointment),
    }
    text = texts.determination_text(snapshot)
    return Proposal(snapshot, text, texts.text_digest(text), suite, appointment)


def _suite(packet: packets.Packet, chosen: SuiteVersion | None) -> SuiteVersion | None:
    """The suite version a label binds to: the packet's only one, or the one chosen among several."""
    known = packets.suite_versions(packet)
    if chosen is None and len(known) > 1:
        raise Refused(
            "The packet has runs of several suite versions. Choose the one the determination binds to."
        )
    if chosen is not None and str(chosen.pk) not in known:
        raise Refused("No run in the packet executed this suite version. Choose one that was run.")
    if chosen is None and known:
        return SuiteVersion.objects.select_related("suite").get(pk=next(iter(known)))
    return chosen


def _as_heard(one: Consultation) -> dict[str, str | bool]:
    return {
        "office": one.office.name,
        "required": one.required,
        "answer": one.answer,
        "answer_words": one.get_answer_display() or "Not answered",
        "comment": one.comment,
        "packet_digest": one.packet_digest,
    }


def _signer(appointment: Appointment) -> dict[str, str]:
    return {
        "name": appointment.person.name,
        "role": ROLES[appointment.role].title,
        "organisation": appointment.organisation.name,
        "capacity": appointment.capacity,
        "delegation": appointment.delegation_reference,
    }


@action
def sign_determination(
    *,
    case: Case,
    outcome: str,
    rationale: str,
    text_digest: str,
    by: User,
    now: datetime,
    suite_version: SuiteVersion | None = None,
) -> Determination:
    """Sign the determination whose exact text was read: `text_digest` must be that of the text as it stands now.

    Only `meets_threshold` makes a label. It takes effect now and supersedes the model version's earlier one.
    """
    case = locked(case)
    proposal = propose(
        case=case, outcome=outcome, rationale=rationale, suite_version=suite_version, by=by, now=now
    )
    if text_digest != proposal.digest:
        raise Refused(CHANGED, conflict=True)
    determination = Determination.objects.create(
        case=case, outcome=outcome, rationale=proposal.snapshot["rationale"], suite_version=proposal.suite_version,
        policy_version=case.policy_version, snapshot=proposal.snapshot, text=proposal.text, text_digest=text_digest,
        signed_at=now, signed_by=by, appointment=proposal.appointment, capacity=proposal.appointment.capacity,
    )  # fmt: skip
    happened(
        "determination.signed", case=case, by=by, now=now, appointment=proposal.appointment, subject=determination,
        rows=[determination], data={"text_digest": proposal.digest},
    )  # fmt: skip
    if outcome == texts.MEETS:
        _put_into_effect(determination, proposal.appointment, now)
    return determination


def _put_into_effect(determination: Determination, appointment: Appointment, now: datetime) -> Label:
    """The label, and the end of the model version's earlier one. The model version is locked: one at a time."""
    case, by = determination.case, appointment.person
    assert case.model_version_id is not None, "a case in labeling names its model version"
    version = ModelVersion.objects.select_for_update(no_key=True).get(pk=case.model_version_id)
    earlier = Label.objects.select_for_update(of=("self",)).filter(model_version=version, state="effective")
    superseded = earlier.select_related("case").first()
    if superseded is not None:
        superseded.state, superseded.ended_at = "superseded", now
        superseded.save()
    label = Label.objects.create(
        determination=determination,
        case=case,
        model_version=version,
        suite_version=determination.suite_version,
        state="effective",
        signed_at=determination.signed_at,
        effective_at=now,
        review_due_at=clock.due_at("label_review", now, case.policy_version.clocks),
    )
    happened(
        "label.effective", case=case, by=by, now=now, appointment=appointment, subject=label, rows=[label]
    )
    if superseded is not None:
        happened(
            "label.superseded", case=superseded.case, by=by, now=now, appointment=appointment, subject=superseded,
            rows=[superseded],
        )  # fmt: skip
    return label


@action
def rescind_determination(
    *, determination: Determination, reason: str, by: User, now: datetime
) -> Determination:
    """Rescind a determination, at whatever stage its case is; a label that followed from it is rescinded with it."""
    case = locked(determination.case)
    determination = Determination.objects.select_for_update(of=("self",)).get(pk=determination.pk)
    appointment = policy.require(by, "determination.sign", case, now=now)
    refuse_when(guards.rescinding(determination))
    determination.rescinded_at, determination.rescinded_by = now, by
    determination.rescission_reason = texts.tidy(reason)
    determination.save()
    label = Label.objects.select_for_update().filter(determination=determination, state="effective").first()
    if label is not None:
        label.state, label.ended_at = "rescinded", now
        label.save()
    happened(
        "determination.rescinded", case=case, by=by, now=now, appointment=appointment, subject=determination,
        rows=[determination],
    )  # fmt: skip
    if label is not None:
        happened(
            "label.rescinded", case=case, by=by, now=now, appointment=appointment, subject=label, rows=[label]
        )
    return determination
