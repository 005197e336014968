"""The web role serves and cannot rewrite what is recorded."""

import psycopg
import pytest
from django.db import connection

from portal.audit.roles import DELETABLE, append_only_tables, grant_web_role
from portal.audit.triggers import append_only
from tests.portal.helpers import web_conninfo

pytestmark = pytest.mark.django_db

REFUSED = [
    "UPDATE portal_audit_entry SET reason = 'x'",
    "DELETE FROM portal_audit_entry",
    "TRUNCATE portal_audit_entry CASCADE",
    "SELECT * FROM portal_audit_entry FOR UPDATE",
    "ALTER TABLE portal_audit_entry DISABLE TRIGGER ALL",
    "ALTER TABLE portal_audit_entry ADD COLUMN x int",
    "DROP TRIGGER append_only ON portal_audit_entry",
    "DROP TABLE portal_audit_entry CASCADE",
    "SET session_replication_role = replica",
    "UPDATE accounts_historicaluser SET name = 'x'",
    "DELETE FROM accounts_historicaluser",
    "TRUNCATE accounts_historicaluser",
    "DELETE FROM portal_audit_sequence",
    "TRUNCATE portal_audit_sequence CASCADE",
    "DELETE FROM portal_audit_refusal",
    "DELETE FROM portal_notice",
    "DELETE FROM cases_case",
    "DELETE FROM cases_document",
    "TRUNCATE django_session",
    "INSERT INTO django_migrations (app, name, applied) VALUES ('x', 'x', now())",
    "DELETE FROM django_migrations",
    "CREATE TABLE mine (id int)",
    "CREATE OR REPLACE FUNCTION portal_refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    "SET ROLE portal_owner",
]


@pytest.mark.parametrize("sql", REFUSED)
def test_refused(sql: str) -> None:
    with psycopg.connect(web_conninfo()) as web, pytest.raises(psycopg.errors.InsufficientPrivilege):
        web.execute(sql)


def test_what_serving_needs() -> None:
    with psycopg.connect(web_conninfo()) as web:
        web.execute("SELECT count(*) FROM portal_audit_entry")
        web.execute("INSERT INTO portal_audit_sequence (key, length, head) VALUES ('stream:x', 0, '')")
        web.execute("UPDATE portal_audit_sequence SET length = 0 WHERE key = 'stream:x'")
        web.execute("UPDATE accounts_user SET name = name")
        web.execute("DELETE FROM django_session")
        web.rollback()


def test_rows_are_deleted_from_the_listed_tables_alone() -> None:
    """Of every table there is, whatever it was granted before."""
    with connection.cursor() as cursor:
        cursor.execute("GRANT DELETE ON cases_case TO portal_web")  # as earlier versions did
        grant_web_role()
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'public' AND c.relkind = 'r' AND has_table_privilege('portal_web', c.oid, 'DELETE')"
        )
        assert {name for (name,) in cursor.fetchall()} == set(DELETABLE)


def test_every_history_table_is_append_only() -> None:
    with connection.cursor() as cursor:
        found = set(append_only_tables(cursor))
        cursor.execute(
            "SELECT table_name FROM information_schema.columns"
            " WHERE column_name = 'history_id' AND table_schema = 'public'"
        )
        assert {name for (name,) in cursor.fetchall()} - found == set()


def test_a_new_append_only_table_is_found_and_closed() -> None:
    with connection.schema_editor(atomic=False) as editor:
        editor.execute("CREATE TABLE portal_fresh (id int)")
        editor.execute(append_only("portal_fresh").sql, params=None)
    grant_web_role()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT privilege_type FROM information_schema.role_table_grants"
            " WHERE table_name = 'portal_fresh' AND grantee = 'portal_web' ORDER BY 1"
        )
        assert cursor.fetchall() == [("INSERT",), ("SELECT",)]


def test_nothing_happens_without_the_role(settings: object) -> None:
    settings.WEB_ROLE = "nobody_of_that_name"  # type: ignore[attr-defined]
    grant_web_role()
