"""The evidence packet: what offices are asked on and a determination is signed on, frozen with a digest.

A packet holds ids, digests and findings as they stood. Fractions are written as strings, so that the canonical JSON
(RFC 8785) and with it the digest is the same in every language; words that may change on screen one day are kept as
they were shown. A new kind of evidence gets a list of its own here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from cases.benchmarks.models import Finding, HighSidePointer, Run
from cases.documents.models import Document, DocumentVersion
from cases.register.models import Case
from cases.rules import visibility
from portal.audit.canonical import digest as digest_of
from portal.kit.charts import Interval

Packet = dict[str, Any]
VERSION = 1


def assemble(case: Case, documents: Iterable[Document]) -> Packet:
    """The packet as the evidence stands: accepted runs, their findings, checked pointers, and the chosen documents."""
    runs = list(
        Run.objects.filter(case=case, accepted_at__isnull=False)
        .select_related("suite_version__suite")
        .order_by("imported_at", "id")
    )
    findings = (
        Finding.objects.filter(run__in=runs)
        .select_related("rule__task")
        .order_by("run__imported_at", "made_at", "id")
    )
    checked = HighSidePointer.objects.filter(case=case, checked_by__isnull=False)
    pointers = checked.order_by("recorded_at", "id")
    return {
        "version": VERSION,
        "subject": _subject(case),
        "documents": _documents(documents),
        "runs": [_run(run) for run in runs],
        "findings": [_finding(finding) for finding in findings],
        "pointers": [_pointer(pointer) for pointer in pointers],
    }


def digest(packet: Packet) -> str:
    """SHA-256 of the packet's canonical bytes, in hexadecimal."""
    return digest_of(packet)


def same_evidence(packet: Packet, current: Packet) -> bool:
    """Whether two packets rest on the same runs, findings and pointers, whatever their documents."""
    return all(packet[part] == current[part] for part in ("runs", "findings", "pointers"))


def _subject(case: Case) -> dict[str, str]:
    version = case.model_version
    assert version is not None, "a case names its model version before it is submitted"
    return {
        "case": case.number,
        "developer": case.developer.name,
        "model": version.model.name,
        "model_version": version.name,
        "variant": version.get_variant_display(),
        "checkpoint_digest": version.checkpoint_digest,
    }


def _documents(documents: Iterable[Document]) -> list[dict[str, Any]]:
    chosen = sorted(documents, key=lambda document: (document.created_at, str(document.pk)))
    newest: dict[Any, DocumentVersion] = {}
    versions = DocumentVersion.objects.filter(document__in=chosen, state=visibility.AVAILABLE).order_by(
        "number"
    )
    for version in versions:
        newest[version.document_id] = version
    return [
        {
            "id": str(document.pk),
            "kind": document.get_kind_display(),
            "marking": document.marking,
            "version": newest[document.pk].number,
            "sha256": newest[document.pk].sha256,
        }
        for document in chosen
        if document.pk in newest
    ]


def _run(run: Run) -> dict[str, Any]:
    return {
        "id": str(run.pk),
        "task": run.task_name,
        "suite_version": str(run.suite_version_id),
        "suite": str(run.suite_version),
        "marking": run.suite_version.marking,
        "log_sha256": run.sha256,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    rule = finding.rule
    return {
        "id": str(finding.pk),
        "run": str(finding.run_id),
        "rule": str(rule.pk),
        "rule_digest": rule.digest,
        "task": rule.task.name,
        "scorer": rule.scorer,
        "metric": rule.metric,
        "direction": rule.direction,
        "threshold": _fraction(rule.threshold),
        "alert": _fraction(rule.alert),
        "outcome": finding.outcome,
        "estimate": _fraction(finding.estimate),
        "low": _fraction(finding.low),
        "high": _fraction(finding.high),
        "n": finding.n,
        "effective_n": _fraction(finding.effective_n),
        "method": finding.method,
        "sentence": finding.sentence,
    }


def _pointer(pointer: HighSidePointer) -> dict[str, Any]:
    """A pointer as it stands; a second person has checked its cover text."""
    return {
        "id": str(pointer.pk),
        "holding_agency": pointer.holding_agency,
        "system": pointer.system,
        "control_number": pointer.control_number,
        "custodian": pointer.custodian,
        "referenced_marking": pointer.get_referenced_marking_display(),
        "cover_text": pointer.cover_text,
    }


def _fraction(value: float | None) -> str | None:
    return None if value is None else repr(float(value))


# -- reading a packet ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Panel:
    """A finding of a packet, as the rule panel wants it."""

    interval: Interval
    sentence: str
    gates: Sequence[dict[str, Any]] = ()
    facts: list[tuple[str, str]] = field(default_factory=list)


def panels(packet: Packet) -> list[Panel]:
    """The packet's findings as rule panels, drawn from the packet alone."""
    return [_panel(finding) for finding in packet["findings"]]


def _panel(finding: dict[str, Any]) -> Panel:
    interval = Interval(
        label=f"{finding['task']} · {finding['scorer']} {finding['metric']}",
        estimate=_number(finding["estimate"]),
        low=_number(finding["low"]),
        high=_number(finding["high"]),
        threshold=float(finding["threshold"]),
        alert=_number(finding["alert"]),
        state=finding["outcome"],
        n=finding["n"] or 0,
        effective_n=_number(finding["effective_n"]),
        direction=finding["direction"],
        sentence=finding["sentence"],
    )
    return Panel(interval, finding["sentence"], facts=[("Rule digest", finding["rule_digest"])])


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)


def document_ids(packet: Packet) -> list[str]:
    """Ids of the documents in the packet."""
    return [document["id"] for document in packet["documents"]]


def suite_versions(packet: Packet) -> dict[str, str]:
    """Suite versions that the packet's runs executed: id -> name, each once."""
    return {run["suite_version"]: run["suite"] for run in packet["runs"]}


def has_evidence(packet: Packet) -> bool:
    """Whether anything was measured or is pointed to."""
    return bool(packet["runs"] or packet["pointers"])


def marking_ids(packet: Packet) -> list[str]:
    """Markings of what the packet shows: its documents, and the suites that were run."""
    return [one["marking"] for part in ("documents", "runs") for one in packet[part]]
