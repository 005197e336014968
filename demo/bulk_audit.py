"""Audit entries of a bulk load, encoded and chained by the database as `portal.audit.canonical` encodes them.

The same bytes in another language, as a verifier's author would write them: `verify_audit` reads them all back.
"""

from typing import Final

from portal.audit.canonical import ENCODING, FIRST_PREVIOUS

_AT: Final = """to_char(s.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""

# Members in the order of their names; the text breaks where `previous` will stand.
_BEFORE: Final = f"""
'{{"actor":"' || s.user_id || '","actor_name":' || to_json(s.name) || ',"appointment_id":"'
    || s.appointment_id || '","at":"' || {_AT}
|| '","capacity":"' || s.capacity || '","case_id":"' || s.case_id || '","data":' || s.data || ',"kind":"' || s.kind
|| '","number":' || s.n || ',"organisation_name":' || to_json(s.organisation_name) || ',"policy_version":"'
    || %(policy)s
|| '","previous":"'
"""
_AFTER: Final = f"""
'","reason":"","request_id":"","role":"' || s.role || '","rows":' || s.rows || ',"salt":"' || s.salt
    || '","sequence":"case:' || s.case_id
|| '","subject_id":"' || s.subject_id || '","subject_model":"cases.' || s.about || '","v":{ENCODING}}}'
"""
_DIGEST: Final = "encode(sha256(convert_to(before || {previous} || after, 'UTF8')), 'hex')"

ENTRIES: Final = f"""
CREATE TEMP TABLE bulk_told AS
SELECT case_id, n, '[' || string_agg(mark, ',' ORDER BY place, pk)
    || ']' AS rows FROM bulk_mark GROUP BY case_id, n;

CREATE TEMP TABLE bulk_entry AS
SELECT s.*, {_BEFORE} AS before, {_AFTER} AS after FROM (
    SELECT s.case_id, s.n, s.kind, s.at, s.user_id, s.name, s.organisation_name, s.role, s.capacity,
    s.appointment_id, s.about,
        replace(s.data, '{{evaluator}}', %(evaluator)s) AS data, coalesce(t.rows, '[]') AS rows,
        replace(gen_random_uuid()::text, '-', '') AS salt, c.sequence_id,
        CASE s.about WHEN 'agreement' THEN c.agreement_id WHEN 'nomination' THEN c.nomination_id
        WHEN 'grant' THEN c.grant_id
            WHEN 'assignment' THEN c.assignment_id ELSE c.id END AS subject_id
    FROM bulk_step s JOIN bulk_case c ON c.id = s.case_id LEFT JOIN bulk_told t ON t.case_id = s.case_id
    AND t.n = s.n
) s;

CREATE TEMP TABLE bulk_chain AS
WITH RECURSIVE chain AS (
    SELECT case_id, n, '{FIRST_PREVIOUS}' AS previous, {_DIGEST.format(previous=f"'{FIRST_PREVIOUS}'")} AS digest
    FROM bulk_entry WHERE n = 1
    UNION ALL
    SELECT e.case_id, e.n, c.digest, {_DIGEST.format(previous="c.digest")} FROM chain c
    JOIN bulk_entry e ON e.case_id = c.case_id AND e.n = c.n + 1
)
SELECT * FROM chain;

INSERT INTO portal_audit_sequence (id, key, length, head)
SELECT e.sequence_id, 'case:' || c.case_id, c.n, c.digest FROM (
    SELECT DISTINCT ON (case_id) case_id, n, digest FROM bulk_chain ORDER BY case_id, n DESC
) c JOIN bulk_entry e ON e.case_id = c.case_id AND e.n = 1;

INSERT INTO portal_audit_entry (sequence_id, number, at, kind, actor_id, actor_name, organisation_name, role,
    capacity, appointment_id,
    policy_version, request_id, reason, subject_model, subject_id, case_id, rows, data, salt, previous, digest)
SELECT e.sequence_id, e.n, e.at, e.kind, e.user_id, e.name, e.organisation_name, e.role, e.capacity,
    e.appointment_id,
    %(policy)s, '', '', 'cases.' || e.about, e.subject_id, e.case_id, e.rows::jsonb, e.data::jsonb, e.salt,
    c.previous, c.digest
FROM bulk_entry e JOIN bulk_chain c ON c.case_id = e.case_id AND c.n = e.n
ORDER BY e.sequence_id, e.n;

DROP TABLE bulk_number, bulk_person, bulk_organisation, bulk_path, bulk_due, bulk_model, bulk_case, bulk_step,
    bulk_mark, bulk_told,
    bulk_entry, bulk_chain;
"""
