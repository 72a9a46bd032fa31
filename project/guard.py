"""Guards the audit log: it belongs to a database role of its own that cannot sign in."""

import psycopg
from psycopg import sql

KEEPER = "export_gate_log"
EXTENSIONS = ("btree_gist", "pg_trgm", "unaccent", "pg_stat_statements")
KINDS = {"r": "table", "p": "table", "v": "view", "S": "sequence"}  # by pg_class.relkind


def prepare(connection: psycopg.Connection, role: str) -> list[str]:
    """Add extensions and the keeper's role. Returns the extensions that this server lacks."""
    missing = []
    for name in EXTENSIONS:
        offered = connection.execute(
            "select 1 from pg_available_extensions where name = %s", [name]
        ).fetchone()
        if not offered:
            missing.append(name)
            continue
        connection.execute(
            sql.SQL("create extension if not exists {}").format(sql.Identifier(name))
        )
    if not connection.execute("select 1 from pg_roles where rolname = %s", [KEEPER]).fetchone():
        connection.execute(sql.SQL("create role {} nologin").format(sql.Identifier(KEEPER)))
    return missing


def guard(connection: psycopg.Connection, role: str) -> bool:
    """Give the log to its keeper. The product can add and read events, but not touch the triggers.

    Returns False if there is no log yet (migrate first). Safe to run twice.
    """
    if not _has_log(connection):
        return False
    _own(connection, KEEPER)
    names = {"role": sql.Identifier(role)}
    for statement in (
        "grant usage on schema audit to {role}",
        "grant select, insert on audit.event to {role}",
        "grant select, delete on audit.pending to {role}",  # the sequencer takes what is pending
        "grant select, insert on audit.leaf to {role}",
        "grant execute on all functions in schema audit to {role}",
    ):
        connection.execute(sql.SQL(statement).format(**names))
    return True


def release(connection: psycopg.Connection, role: str) -> bool:
    """Give the log back to the product's role for a migration. Returns False if there is none."""
    if not _has_log(connection):
        return False
    _own(connection, role)
    return True


def _has_log(connection: psycopg.Connection) -> bool:
    row = connection.execute("select to_regclass('audit.event') is not null").fetchone()
    return bool(row and row[0])


def _own(connection: psycopg.Connection, role: str) -> None:
    """Give all in the schema audit to one owner. A sequence of an identity column follows."""
    owner = sql.Identifier(role)
    connection.execute(sql.SQL("alter schema audit owner to {}").format(owner))
    relations = connection.execute(
        "select relname, relkind::text from pg_class c where relnamespace = 'audit'::regnamespace"
        " and relkind in ('r', 'p', 'v', 'S') and not exists (select 1 from pg_depend d"
        " where d.objid = c.oid and d.deptype in ('a', 'i') and c.relkind = 'S')"
    ).fetchall()
    for name, kind in relations:
        statement = f"alter {KINDS[kind]} audit.{{}} owner to {{}}"
        connection.execute(sql.SQL(statement).format(sql.Identifier(name), owner))
    functions = connection.execute(
        "select oid::regprocedure::text from pg_proc where pronamespace = 'audit'::regnamespace"
    ).fetchall()
    for (signature,) in functions:
        connection.execute(
            sql.SQL("alter function {} owner to {}").format(sql.SQL(signature), owner)
        )
