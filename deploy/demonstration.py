"""The demonstration's life in the database: empty, loading, loaded, and set back to the beginning.

The mark is the database's own comment, so that it goes wherever the data goes and a loading that was killed is seen.
"""

from __future__ import annotations

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from deploy.processes import ServeError

LOADING, LOADED = "Foreview demonstration: loading", "Foreview demonstration: loaded"


def state(owner_url: str) -> str:
    """`empty`, `loading` (killed half-way), `loaded`, or `other`: people are there that no demonstration made."""
    with psycopg.connect(owner_url) as connection:
        mark = connection.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
        ).fetchone()
        if mark and mark[0] in {LOADING, LOADED}:
            return "loading" if mark[0] == LOADING else "loaded"
        people = connection.execute("SELECT EXISTS (SELECT FROM accounts_user)").fetchone()
        return "other" if people and people[0] else "empty"


def mark(owner_url: str, comment: str) -> None:
    """Leave the mark on the database."""
    with psycopg.connect(owner_url, autocommit=True) as connection:
        name = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(name, sql.Literal(comment)))


def start_over(owner_url: str) -> None:
    """Drop the demonstration's database and make an empty one. Refuses any database that is not marked as one."""
    if state(owner_url) not in {"loading", "loaded"}:
        raise ServeError("This database was not made by the demonstration, so it is not set back.")
    parts = conninfo_to_dict(owner_url)
    name, owner = str(parts["dbname"]), str(parts["user"])
    with psycopg.connect(make_conninfo(owner_url, dbname="postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(owner))
        )


def sign_ins(owner_url: str) -> list[tuple[str, str, str, str]]:
    """One person a role: (role, e-mail, name, organisation); of several, one of the organisation with most people."""
    with psycopg.connect(owner_url) as connection:
        return connection.execute(
            """
            SELECT role, email, name, organisation FROM (
                SELECT DISTINCT ON (a.role) a.role, u.email, u.name, o.short_name AS organisation
                FROM accounts_appointment a
                JOIN accounts_user u ON u.id = a.person_id
                JOIN accounts_organisation o ON o.id = a.organisation_id
                WHERE u.is_active AND o.is_active AND a.span @> clock_timestamp()
                ORDER BY a.role, a.capacity = 'own' DESC,
                         (SELECT count(*) FROM accounts_appointment b WHERE b.organisation_id = o.id) DESC, u.email
            ) first_of_role ORDER BY role
            """
        ).fetchall()
