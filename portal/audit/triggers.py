"""The migration operation that makes a table append-only: `append_only("cases_historicalcase", …)`.

Put it in the migration that creates the table (history tables included). PostgreSQL then refuses UPDATE, DELETE and
TRUNCATE with an integrity error whoever asks; `portal.audit.roles` takes the rights from the web role besides.
"""

from django.db.migrations import RunSQL

TRIGGER = "append_only"

FUNCTION = """
CREATE OR REPLACE FUNCTION portal_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
"""


def append_only(*tables: str) -> RunSQL:
    """Operation that puts the two triggers on each table; its reverse takes them off."""
    forward = FUNCTION + "".join(
        f'CREATE OR REPLACE TRIGGER {TRIGGER} BEFORE UPDATE OR DELETE ON "{table}"'
        f" FOR EACH ROW EXECUTE FUNCTION portal_refuse_change();\n"
        f'CREATE OR REPLACE TRIGGER {TRIGGER}_whole BEFORE TRUNCATE ON "{table}"'
        f" FOR EACH STATEMENT EXECUTE FUNCTION portal_refuse_change();\n"
        for table in tables
    )
    backward = "".join(
        f'DROP TRIGGER IF EXISTS {TRIGGER} ON "{table}"; DROP TRIGGER IF EXISTS {TRIGGER}_whole ON "{table}";\n'
        for table in tables
    )
    return RunSQL(forward, backward)
