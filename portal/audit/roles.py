"""Two database roles: the owner migrates, the web role serves and cannot rewrite what is recorded.

After each migrate the owner grants the web role its tables, then takes back what it must not have. Nothing to add here
for a new append-only table: those that bear the trigger are found. No table gives up rows but those in DELETABLE.
"""

from typing import Any, Final

from django.conf import settings
from django.db import connections, transaction

from portal.audit.triggers import TRIGGER

# Nothing is destroyed: the web role deletes rows of these tables alone.
DELETABLE: Final = {
    "django_session": "a session ends when somebody signs out",
    "account_emailaddress": "allauth replaces addresses",
    "account_emailconfirmation": "allauth removes confirmations that were used",
    "cases_grantuserpermission": "a person taken off a grant; history keeps the row",
    "cases_document_named_readers": "a reader taken off a list; history keeps the row",
}


def web_role() -> str:
    """Name of the role the portal serves as."""
    return str(getattr(settings, "WEB_ROLE", "portal_web"))


def grant_web_role(using: str = "default", **kwargs: Any) -> None:
    """Receiver of `post_migrate`. Does nothing when run as the web role itself or where that role does not exist."""
    connection = connections[using]
    with transaction.atomic(using), connection.cursor() as cursor:
        cursor.execute("SELECT current_user, EXISTS (SELECT FROM pg_roles WHERE rolname = %s)", [web_role()])
        current_user, exists = cursor.fetchone()
        if current_user == web_role() or not exists:
            return
        role = connection.ops.quote_name(web_role())
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
        database = connection.ops.quote_name(connection.settings_dict["NAME"])
        cursor.execute(f"GRANT TEMPORARY ON DATABASE {database} TO {role}")  # for `portal.audit.as_of`
        cursor.execute(f"GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO {role}")
        cursor.execute(f"REVOKE DELETE, TRUNCATE ON ALL TABLES IN SCHEMA public FROM {role}")
        cursor.execute(
            "SELECT name FROM unnest(%s::text[]) name WHERE to_regclass(name) IS NOT NULL", [[*DELETABLE]]
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f"GRANT DELETE ON {connection.ops.quote_name(table)} TO {role}")
        cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}")
        for table in append_only_tables(cursor):
            cursor.execute(f"REVOKE UPDATE ON {table} FROM {role}")
        cursor.execute(f"REVOKE INSERT, UPDATE ON django_migrations FROM {role}")


def append_only_tables(cursor: Any) -> list[str]:
    """Every table that bears the append-only trigger, quoted for SQL."""
    cursor.execute(
        "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = %s AND NOT tgisinternal ORDER BY 1",
        [TRIGGER],
    )
    return [name for (name,) in cursor.fetchall()]
