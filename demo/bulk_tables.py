"""Filling the real tables from a chunk's temporary ones: rows, the history rows of an ordinary save, and their marks.

A row of TABLES is a model and a SELECT of all its columns, with four more: `_case`, `_n` (which entry tells of it),
`_at` and `_by`. The rest is derived from the models, so a new column fails loudly here and nowhere else.
"""

from typing import Any, Final

from django.db import models

from cases.access import models as access
from cases.register import models as register

_ROW: Final = "s.case_id AS _case, s.n AS _n, s.at AS _at, s.user_id AS _by"
_OF: Final = "FROM bulk_case c JOIN bulk_step s ON s.case_id = c.id"
_WINDOW: Final = "(SELECT w.at FROM bulk_step w WHERE w.case_id = c.id AND w.kind = 'agreement.signed')"
_TERM: Final = "interval '720 hours'"

MODEL: Final = f"""
SELECT c.model_id AS id, c.developer_id, c.model_name AS name, '' AS description,
    {_ROW} {_OF} AND s.n = 1 WHERE mod(c.i, 8) = 0
"""
VERSION: Final = f"""
SELECT c.version_id AS id, c.model_id, c.version_name AS name, 'release_candidate' AS variant,
    encode(sha256(uuid_send(c.version_id)), 'hex') AS checkpoint_digest, {_ROW} {_OF} AND s.n = 1
"""
CASE: Final = f"""
SELECT c.id, c.number, c.tracking_number,
    CASE WHEN c.government THEN 'government' WHEN c.granted OR mod(c.i,
    3) > 0 THEN 'developer_offer' ELSE 'developer_inquiry' END AS origin,
    s.stage, s.at AS stage_since, c.developer_id, c.version_id AS model_version_id,
    %(policy)s::uuid AS policy_version_id,
    CASE WHEN c.government THEN 'CUI_FEDONLY' ELSE %(marking)s END AS marking,
    CASE WHEN c.government THEN '' ELSE 'Is this version a covered frontier model?' END AS question,
    NULL::uuid AS related_case_id, c.created_at, first_value(s.user_id) OVER life AS created_by_id,
    max(s.at) FILTER (WHERE s.kind IN ('case.submitted', 'case.opened_by_government')) OVER life AS submitted_at,
    max(d.due_at) FILTER (WHERE s.kind = 'case.submitted') OVER life AS acknowledge_due_at,
    max(s.at) FILTER (WHERE s.kind IN ('case.acknowledged',
    'case.opened_by_government')) OVER life AS acknowledged_at,
    CASE WHEN s.stage IN ('closed', 'withdrawn') THEN s.at END AS ended_at, s.closed_reason,
    NULL::timestamptz AS disclosed_at,
    'undetermined' AS retention_class, row_number() OVER life AS revision,
    concat_ws(' ', c.number, nullif(c.tracking_number, ''), c.developer_name, c.model_name,
    c.version_name) AS search_text,
    {_ROW}, row_number() OVER (PARTITION BY c.id ORDER BY s.n DESC) = 1 AS _newest
{_OF} AND s.stage IS NOT NULL LEFT JOIN bulk_due d ON d.day = (s.at AT TIME ZONE 'America/New_York')::date
WINDOW life AS (PARTITION BY c.id ORDER BY s.n)
"""
MILESTONE: Final = f"""
SELECT gen_random_uuid() AS id, c.version_id AS model_version_id, 'general_release' AS kind, 'planned' AS state,
    CASE WHEN c.granted THEN {_WINDOW} + {_TERM} ELSE c.created_at + interval '2880 hours' END AS at,
    s.at AS stated_at,
    s.user_id AS stated_by_id, {_ROW} {_OF} AND s.kind = 'case.drafted'
"""
ASSIGNMENT: Final = f"""
SELECT c.assignment_id AS id, c.id AS case_id, e.user_id AS person_id, 'evaluator' AS role, s.at AS since,
    NULL::timestamptz AS until,
    s.user_id AS assigned_by_id, {_ROW} {_OF} AND s.kind = 'case.assigned' JOIN bulk_person e ON e.who = 'evaluator'
"""
AGREEMENT: Final = f"""
SELECT c.agreement_id AS id, c.id AS case_id, 1 AS number, NULL::uuid AS amends_id, 'signed' AS state,
    'general_release' AS anchor_kind,
    s.at + {_TERM} AS anchor_at, s.at AS opens_at, s.at + {_TERM} AS closes_at,
    'Cyber capability evaluation' AS scope,
    '["isolation"]'::jsonb AS safeguards, true AS isolation_attested, '["Named evaluator"]'::jsonb AS people,
    'Access agreement of case ' || c.number AS text,
    encode(sha256(convert_to('Access agreement of case ' || c.number, 'UTF8')), 'hex') AS text_digest,
    s.at AS drafted_at, o.user_id AS drafted_by_id, {_ROW}
{_OF} AND s.kind = 'agreement.signed' JOIN bulk_person o ON o.who = 'officer' AND o.place = 1
"""
SIGNATURE: Final = f"""
SELECT gen_random_uuid() AS id, c.agreement_id, side.word AS side, p.user_id AS signed_by_id, p.appointment_id,
    p.capacity,
    encode(sha256(convert_to('Access agreement of case ' || c.number, 'UTF8')), 'hex') AS text_digest,
    s.at AS signed_at, {_ROW}
{_OF} AND s.kind = 'agreement.signed'
CROSS JOIN (VALUES ('developer', 'signatory'), ('agency', 'lead')) AS side(word, who)
JOIN bulk_person p ON p.who = side.who AND p.place = 1
    AND (p.organisation_id IS NULL OR p.organisation_id = c.developer_id)
"""
WINDOW: Final = f"""
SELECT gen_random_uuid() AS id, c.id AS case_id, c.agreement_id, tstzrange(s.at, s.at + {_TERM}) AS span,
    s.at + {_TERM} AS agreed_end,
    NULL::timestamptz AS cut_at, '' AS cut_cause, {_ROW} {_OF} AND s.kind = 'agreement.signed'
"""
NOMINATION: Final = f"""
SELECT c.nomination_id AS id, c.id AS case_id, c.partner_id, 'agency' AS proposed_side,
    s.user_id AS proposed_by_id, s.at AS proposed_at,
    s.at + interval '168 hours' AS lapses_at, 'Harden what the model could reach' AS purpose, 'energy' AS sector,
    'Section 3(b)(iii)' AS basis, {_ROW} {_OF} AND s.kind = 'partner.concurred'
"""
CONCURRENCE: Final = f"""
SELECT gen_random_uuid() AS id, c.nomination_id, side.word AS side, p.appointment_id,
    p.user_id AS concurred_by_id, s.at AS concurred_at,
    NULL::timestamptz AS retracted_at, '' AS reason, {_ROW}
{_OF} AND s.kind = 'partner.concurred'
CROSS JOIN (VALUES ('developer', 'signatory'), ('agency', 'lead')) AS side(word, who)
JOIN bulk_person p ON p.who = side.who AND p.place = 1
    AND (p.organisation_id IS NULL OR p.organisation_id = c.developer_id)
"""
GRANT: Final = f"""
SELECT c.grant_id AS id, c.id AS case_id, c.partner_id AS organisation_id, 'partner' AS kind,
    c.version_id AS model_version_id,
    c.nomination_id, 'developer_api' AS mode, 'Vulnerability research on own systems' AS tasks_allowed,
    '' AS tasks_forbidden, NULL::bigint AS requests_per_minute, NULL::bigint AS requests_per_day,
    NULL::bigint AS tokens_per_day, NULL::bigint AS concurrent_requests, '["isolation"]'::jsonb AS safeguards,
    '' AS own_safeguards,
    tstzrange(s.at, {_WINDOW} + {_TERM}) AS span, 'agreed' AS state, NULL::timestamptz AS suspended_at,
    '' AS end_reason,
    NULL::timestamptz AS ended_at, NULL::timestamptz AS closed_out_at, '' AS close_out, s.at AS terms_accepted_at,
    p.user_id AS terms_accepted_by_id, s.at AS issued_at, s.user_id AS issued_by_id, {_ROW}
{_OF} AND s.kind = 'grant.issued' JOIN bulk_person p ON p.organisation_id = c.partner_id AND p.place = 1
"""
PERMISSION: Final = f"""
SELECT nextval(pg_get_serial_sequence('cases_grantuserpermission', 'id')) AS id, c.grant_id AS content_object_id,
    p.user_id, %(permission)s::int AS permission_id, {_ROW}
{_OF} AND s.kind = 'grant.issued' JOIN bulk_person p ON p.organisation_id = c.partner_id AND p.place <= %(named)s
"""

TABLES: Final[tuple[tuple[type[models.Model], str], ...]] = (
    (register.Model, MODEL),
    (register.ModelVersion, VERSION),
    (register.Case, CASE),
    (register.ReleaseMilestone, MILESTONE),
    (register.Assignment, ASSIGNMENT),
    (access.Agreement, AGREEMENT),
    (access.Signature, SIGNATURE),
    (access.WindowPeriod, WINDOW),
    (access.Nomination, NOMINATION),
    (access.Concurrence, CONCURRENCE),
    (access.Grant, GRANT),
    (access.GrantUserPermission, PERMISSION),
)


def fill(model: type[models.Model], select: str, place: int) -> str:
    """The statements that write one model's rows, their history, and the marks that entries commit to."""
    columns = ", ".join(_columns(model))
    newest = " WHERE _newest" if model is register.Case else ""
    insert = f"INSERT INTO {model._meta.db_table} ({columns}) SELECT {columns} FROM bulk_rows{newest}"
    history: Any = getattr(model, "history", None)
    if history is None:
        made = f"WITH made AS ({insert} RETURNING *) {_marks(model, model, place)}"
    else:
        stored = history.model
        made = f"{insert}; WITH made AS ({_history(stored)} RETURNING *) {_marks(model, stored, place)}"
    return f"CREATE TEMP TABLE bulk_rows AS {select}; {made}; DROP TABLE bulk_rows;"


def _columns(model: type[models.Model]) -> list[str]:
    return [str(field.column) for field in model._meta.concrete_fields]


def _history(history: type[models.Model]) -> str:
    """As simple-history writes them: the first version of a row is `+`, a later one `~`."""
    kept = ", ".join(name for name in _columns(history) if not name.startswith("history_"))
    kind = "CASE WHEN revision = 1 THEN '+' ELSE '~' END" if history is register.Case.history.model else "'+'"
    return (
        f"INSERT INTO {history._meta.db_table} ({kept}, history_date, history_type, history_user_id)"
        f" SELECT {kept}, _at, {kind}, _by FROM bulk_rows ORDER BY _case, _n"
    )


def _marks(model: type[models.Model], stored: type[models.Model], place: int) -> str:
    """A mark a row, as `portal.audit.history` makes it: canonical JSON of the stored row, digested."""
    names = sorted(_columns(stored))
    members = ", ".join(f"""'"{name}":' || coalesce(to_json(t.{name})::text, 'null')""" for name in names)
    version = " AND r.revision = t.revision" if model is register.Case else ""
    key = "t.history_id" if stored is not model else "''"
    digest = f"encode(sha256(convert_to('{{' || concat_ws(',', {members}) || '}}', 'UTF8')), 'hex')"
    mark = (
        f"""'{{"columns":{len(names)},"digest":"' || {digest} ||"""
        f""" '","history_id":"' || {key} || '","model":"{model._meta.label_lower}","pk":"' || t.id || '"}}'"""
    )
    return (
        "INSERT INTO bulk_mark (case_id, n, place, pk, mark)"
        f" SELECT r._case, r._n, {place}, t.id::text, {mark} FROM made t JOIN bulk_rows r ON r.id = t.id{version}"
    )
