"""The SQL of a bulk load: a chunk of cases as temporary tables, from which `bulk_tables` fills the real ones.

Parameters are named; everything is set-based, so a chunk costs a fixed number of statements.
"""

from typing import Final

SESSION: Final = """
SET LOCAL synchronous_commit = off; SET LOCAL jit = off; SET LOCAL work_mem = '64MB'; SET LOCAL temp_buffers = '128MB';
"""

# Which way case `i` goes: the last 75 days are at work, everything older has ended. A grant stands on every
# `every`-th case that may have one, and on each in the access stage.
WAY: Final = """
SELECT i, created_at, way || CASE WHEN way = 'access' OR (mod(i, %(every)s) = 0
    AND way IN ('completed', 'benchmarking', 'labeling')) THEN '+' ELSE '' END AS path
FROM (
    SELECT i, created_at, CASE
        WHEN at_work AND spread < 30 THEN 'government'
        WHEN at_work THEN (ARRAY['draft', 'received', 'received', 'scoping', 'scoping', 'access', 'access',
            'benchmarking', 'benchmarking', 'benchmarking', 'labeling', 'labeling'])[1 + mod(i, 12)]
        WHEN spread < 30 THEN 'government_closed'
        WHEN spread < 60 THEN 'discarded'
        WHEN spread < 80 THEN 'opened_in_error'
        WHEN spread < 100 THEN 'duplicate'
        WHEN spread < 140 THEN 'lapsed'
        WHEN spread < 200 THEN 'withdrawn'
        ELSE 'completed' END AS way
    FROM (
        SELECT i, made AS created_at, made > %(now)s - interval '75 days' AS at_work,
            mod(hashint4(i::int) & 2147483647, 1000) AS spread
        FROM (
            SELECT i, %(now)s - interval '17520 hours' * (1 - i / %(cases)s::float8) AS made
            FROM generate_series(%(first)s::bigint, %(last)s::bigint) i
        ) series
    ) placed
) ways
"""

COUNT_GRANTABLE: Final = f"""
SELECT count(*) FILTER (WHERE path IN ('completed', 'benchmarking', 'labeling')),
    count(*) FILTER (WHERE path = 'access+')
FROM ({WAY}) w
"""

# Case numbers look random and are one of a kind: multiplying by an odd number permutes the thirty bits.
NUMBERS: Final = """
CREATE TEMP TABLE bulk_number AS
SELECT %(first)s - 1 + row_number() OVER () AS i, suffix FROM (
    SELECT suffix, ARRAY(SELECT 'CFM-' || year || '-'
    || suffix FROM unnest(%(years)s::int[]) year) AS numbers FROM (
        SELECT (SELECT string_agg(substr(%(alphabet)s, 1 + ((y >> (5 * digit)) & 31)::int, 1),
        '') FROM generate_series(0, 5) digit)
            AS suffix
        FROM (
            SELECT mod((%(start)s + x) * 387420489, 1073741824) AS y
            FROM generate_series(2 * %(first)s::bigint, 2 * %(last)s::bigint + 1) x
        ) permuted
    ) written OFFSET 0
) made
WHERE NOT EXISTS (SELECT FROM cases_case c WHERE c.number = ANY (made.numbers))
LIMIT %(last)s - %(first)s + 1;
"""

PEOPLE: Final = """
CREATE TEMP TABLE bulk_person AS
SELECT CASE a.role WHEN 'liaison' THEN 'liaison' WHEN 'developer_signatory' THEN 'signatory'
    WHEN 'case_officer' THEN 'officer'
        WHEN 'framework_lead' THEN 'lead' ELSE a.role END AS who,
    CASE WHEN o.kind IN ('developer', 'partner') THEN o.id END AS organisation_id,
    u.id AS user_id, u.name, o.name AS organisation_name, a.role, a.capacity, a.id AS appointment_id,
    row_number() OVER (PARTITION BY o.id, a.role ORDER BY u.email) AS place
FROM accounts_appointment a JOIN accounts_organisation o ON o.id = a.organisation_id
    JOIN accounts_user u ON u.id = a.person_id
WHERE a.id = ANY(%(staff)s::uuid[]) OR o.short_name LIKE %(tag)s || '-%%';

CREATE TEMP TABLE bulk_organisation AS
SELECT id, name, kind, row_number() OVER (PARTITION BY kind ORDER BY short_name) - 1 AS n
FROM accounts_organisation WHERE short_name LIKE %(tag)s || '-%%';

CREATE TEMP TABLE bulk_path AS
SELECT * FROM unnest(%(s_path)s::text[], %(s_n)s::int[], %(s_kind)s::text[], %(s_who)s::text[],
    %(s_at)s::float8[], %(s_stage)s::text[],
    %(s_closed)s::text[], %(s_about)s::text[], %(s_data)s::text[])
AS s(path, n, kind, who, share, stage, closed_reason, about, data);

CREATE TEMP TABLE bulk_due AS
SELECT * FROM unnest(%(due_day)s::date[], %(due_at)s::timestamptz[]) AS d(day, due_at);
"""

# Partners, in the order of their short names: 0 is on nearly every grant, 1 on one in fifty, 2 on the oldest only.
CASES: Final = f"""
CREATE TEMP TABLE bulk_model AS
SELECT m, gen_random_uuid() AS id FROM generate_series(%(first)s::bigint / 8, %(last)s::bigint / 8) m;

CREATE TEMP TABLE bulk_case AS
SELECT w.*, least(%(now)s - w.created_at, interval '1440 hours') AS span, gen_random_uuid() AS id,
    nextval(pg_get_serial_sequence('portal_audit_sequence', 'id')) AS sequence_id,
    'CFM-' || extract(year FROM w.created_at AT TIME ZONE 'UTC') || '-' || n.suffix AS number,
    m.id AS model_id, gen_random_uuid() AS version_id,
    gen_random_uuid() AS agreement_id, gen_random_uuid() AS nomination_id, gen_random_uuid() AS grant_id,
    gen_random_uuid() AS assignment_id,
    d.id AS developer_id, d.name AS developer_name, p.id AS partner_id,
    (%(model_words)s::text[])[1 + mod(hashint4((w.i / 8)::int) & 2147483647, 16)] || ' ' || %(tag)s
    || w.i / 8 AS model_name,
    '1.' || mod(w.i, 8) AS version_name,
    CASE WHEN w.path LIKE 'government%%' THEN '' ELSE %(tag)s || '-' || lpad(w.i::text, 7,
    '0') END AS tracking_number,
    w.path LIKE '%%+' AS granted, w.path LIKE 'government%%' AS government
FROM ({WAY}) w
JOIN bulk_number n ON n.i = w.i
JOIN bulk_model m ON m.m = w.i / 8
JOIN bulk_organisation d ON d.kind = 'developer' AND d.n = mod(w.i / 8, %(developers)s)
JOIN bulk_organisation p ON p.kind = 'partner' AND p.n = CASE
    WHEN w.i < least(%(cases)s / 50, 20 * %(every)s) THEN 2
    WHEN mod(hashint4(-w.i::int) & 2147483647, 50) = 3 THEN 1
    WHEN mod(hashint4(-w.i::int) & 2147483647, 50) < 3 THEN 3 + mod(w.i, %(partners)s - 3)
    ELSE 0 END;
ANALYZE bulk_case;

CREATE TEMP TABLE bulk_step AS
SELECT c.id AS case_id, s.n, s.kind, s.stage, s.closed_reason, s.about, s.data,
    c.created_at + c.span * s.share AS at,
    p.user_id, p.name, p.organisation_name, p.role, p.capacity, p.appointment_id
FROM bulk_case c JOIN bulk_path s ON s.path = c.path
JOIN bulk_person p ON p.who = s.who AND p.place = 1
    AND (p.organisation_id IS NULL OR p.organisation_id = c.developer_id);
CREATE INDEX ON bulk_step (case_id);
ANALYZE bulk_step;

CREATE TEMP TABLE bulk_mark (case_id uuid, n int, place int, pk text, mark text);
"""
