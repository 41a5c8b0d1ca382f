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


def execute(url: str, statement: str, *params: object) -> list[tuple[object, ...]]:
    """Run one statement from a test's own hand; its rows, if it has any."""
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode(), params)
        return cursor.fetchall() if cursor.description else []
