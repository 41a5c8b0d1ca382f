"""Every query of collaboration sessions uses an index on filled tables."""

from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest

from schemas.ids import new_id
from store import collaboration
from store.postgres import open_pool
from tests.rest.explain import Watched, ask_all, assert_indexed, filled_database

LARGE = ["users", "collab_sessions", "collab_participants", "files"]
ADA, PROJECT, SESSION, LATEST = new_id(), new_id(), new_id(), UUID(int=(1 << 128) - 1)
FILL = """
    INSERT INTO users (id, display_name) SELECT gen_random_uuid(), 'Person ' || n FROM generate_series(1, 5000) AS n;
    INSERT INTO users (id, display_name) VALUES (:ada, 'Ada');
    INSERT INTO projects (id, owner_id, name)
        SELECT CASE n WHEN 1 THEN :project ELSE gen_random_uuid() END, :ada, 'P' FROM generate_series(1, 2000) AS n;
    INSERT INTO collab_sessions (id, project_id, name, started_by, status, ended_at)
        SELECT gen_random_uuid(), id, 'S', :ada, 'ended', now() FROM projects, generate_series(1, 10);
    INSERT INTO collab_sessions (id, project_id, name, started_by)
        SELECT gen_random_uuid(), id, 'S', :ada FROM projects;
    INSERT INTO collab_sessions (id, project_id, name, started_by) VALUES (:session, :project, 'S', :ada);
    INSERT INTO collab_participants (session_id, user_id, role)
        SELECT collab_sessions.id, users.id, 'editor'
        FROM (SELECT id, row_number() OVER () AS n FROM collab_sessions) AS collab_sessions
        JOIN (SELECT id, row_number() OVER () AS n FROM users) AS users ON users.n % 4000 = collab_sessions.n % 4000;
    INSERT INTO documents (name, project_id) SELECT id || '/a', id FROM projects;
    INSERT INTO files (id, project_id, path, kind, document, media_type)
        SELECT gen_random_uuid(), id, 'a', 'text', id || '/a', 'text/plain' FROM projects;
"""


@pytest.fixture(scope="module")
def filled(server: str) -> Iterator[str]:
    """A database with 22,000 sessions in 2,000 projects."""
    with filled_database(server, FILL, ada=ADA, project=PROJECT, session=SESSION) as url:
        yield url


async def test_collaboration(filled: str) -> None:
    """store/collaboration.py."""
    async with open_pool(filled) as postgres:
        watched = Watched(postgres)
        document = f"{PROJECT}/a"
        await ask_all(
            collaboration,
            {
                "start_session": lambda: collaboration.start_session(watched, new_id(), PROJECT, "x", ADA, 50),
                "find_project_of": lambda: collaboration.find_project_of(watched, SESSION),
                "find_collab_session": lambda: collaboration.find_collab_session(watched, SESSION),
                "lock_collab_session": lambda: collaboration.lock_collab_session(watched, SESSION),
                "hold_collab_session": lambda: collaboration.hold_collab_session(watched, SESSION),
                "list_active_sessions": lambda: collaboration.list_active_sessions(watched, PROJECT, LATEST, 51),
                "list_all_sessions": lambda: collaboration.list_all_sessions(watched, PROJECT, LATEST, 51),
                "set_session": lambda: collaboration.set_session(watched, SESSION, "y", ends=False),
                "join_session": lambda: collaboration.join_session(watched, SESSION, ADA, "editor"),
                "list_participants": lambda: collaboration.list_participants(watched, SESSION, 1_000),
                "leave_session": lambda: collaboration.leave_session(watched, SESSION, ADA),
                "note_last_seen": lambda: collaboration.note_last_seen(watched, {(PROJECT, ADA), (new_id(), ADA)}),
                "find_files": lambda: collaboration.find_files(watched, [document]),
            },
        )
    with psycopg.connect(filled, autocommit=True) as connection:
        assert_indexed(connection, watched, LARGE)
