"""Who sees which rows: one condition a kind of thing, used by every list, page, count, search, export and report.

Each function takes a person and an instant and returns a condition for the table it is named after. What the
condition leaves out does not exist for that person. Conditions on related rows are subqueries, never joins, so that
no row comes twice and the planner can stop early.
"""

from cases.rules.visibility.basis import (
    AGENCY_READERS,
    DEVELOPER_ROLES,
    NOTHING,
    PROGRAMME_ROLES,
    sees_several_developers,
)
from cases.rules.visibility.case import case_ids, cases, of_case, own_cases, readiness
from cases.rules.visibility.declaration import asked_to_declare, declarations, declares
from cases.rules.visibility.document import (
    AVAILABLE,
    available,
    document_content,
    documents,
    opened_numbers,
    spills,
    uploads,
    version_numbers,
    versions_opened,
)
from cases.rules.visibility.grant import grant_is_live, grants, partner_reads
from cases.rules.visibility.history import (
    actor_name,
    entry_kinds,
    inside,
    private_kinds,
    reads_content,
    reads_decisions,
    reads_titles,
)
from cases.rules.visibility.incident import incident_entries, incidents, reads_incident
from cases.rules.visibility.question import question_threads, questions
from cases.rules.visibility.record import foia_requests, legal_holds, reads_records
from cases.rules.visibility.told import people
from cases.rules.visibility.work import (
    consultations,
    determinations,
    disclosures,
    labels,
    pointers,
    reads_thresholds,
    runs,
    suites,
    told_labels,
)

__all__ = [
    "AGENCY_READERS",
    "AVAILABLE",
    "DEVELOPER_ROLES",
    "NOTHING",
    "PROGRAMME_ROLES",
    "actor_name",
    "asked_to_declare",
    "available",
    "case_ids",
    "cases",
    "consultations",
    "declarations",
    "declares",
    "determinations",
    "disclosures",
    "document_content",
    "documents",
    "entry_kinds",
    "foia_requests",
    "grant_is_live",
    "grants",
    "incident_entries",
    "incidents",
    "inside",
    "labels",
    "legal_holds",
    "of_case",
    "opened_numbers",
    "own_cases",
    "partner_reads",
    "people",
    "pointers",
    "private_kinds",
    "question_threads",
    "questions",
    "readiness",
    "reads_content",
    "reads_decisions",
    "reads_incident",
    "reads_records",
    "reads_thresholds",
    "reads_titles",
    "runs",
    "sees_several_developers",
    "spills",
    "suites",
    "told_labels",
    "uploads",
    "version_numbers",
    "versions_opened",
]
