"""Databases for tests: made on a real PostgreSQL server, one for each test that changes the schema."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote, urlencode
from uuid import uuid4

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict


def with_parts(url: str, **changes: object) -> str:
    """The same server as a URI, with other parameters of libpq."""
    parts = {**conninfo_to_dict(url), **changes}
    name = quote(str(parts.pop("dbname", "")))
    return f"postgresql:///{name}?{urlencode({key: value for key, value in parts.items() if value is not None})}"


@contextmanager
def new_database(server: str) -> Iterator[str]:
    """The URL of an empty database that goes away afterwards."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield with_parts(server, dbname=name)
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def traces(url: str, *texts: str) -> list[str]:
    """The columns of all tables in which one of the texts stands, in any case: as text, in JSON, arrays or bytes."""
    found = []
    with psycopg.connect(url, autocommit=True) as connection:
        columns = connection.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " JOIN information_schema.tables USING (table_schema, table_name)"
            " WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY 1, 2"
        ).fetchall()
        for table, column in columns:
            statement = sql.SQL("SELECT count(*) FROM {} WHERE lower({}::text) LIKE ANY(%s)").format(
                sql.Identifier(table), sql.Identifier(column)
            )
            wanted = [f"%{form}%" for text in texts for form in (text.lower(), text.encode().hex())]
            (count,) = connection.execute(statement, [wanted]).fetchone() or (0,)
            found += [f"{table}.{column}: {count}"] if count else []
    return found


@contextmanager
def holding(url: str, statement: str, *params: object) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    """A transaction that has run one statement, and keeps its locks until the end of the `with`, or its commit."""
    with psycopg.connect(url) as connection:
        connection.execute(statement.encode(), params)
        yield connection


def is_waited_for(url: str, connection: "psycopg.Connection[tuple[object, ...]]") -> bool:
    """Whether somebody waits for a lock of this connection's."""
    pid = connection.info.backend_pid
    return bool(execute(url, "SELECT 1 FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid))", pid))


def execute(url: str, statement: str, *params: object) -> list[tuple[object, ...]]:
    """Run one statement from a test's own hand; its rows, if it has any."""
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode(), params)
        return cursor.fetchall() if cursor.description else []
