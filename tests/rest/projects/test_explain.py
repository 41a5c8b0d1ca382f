"""Every query of projects, lists, members, invitations, changes and removal uses an index on filled tables."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from schemas.ids import new_id
from schemas.roles import Role
from store import changes, invites, members, project_lists, project_removal, projects
from store.postgres import open_pool
from store.project_lists import START, After, Order, Wanted
from store.projects import NewProject
from tests.rest.explain import Connection, Watched, ask_all, assert_indexed, filled_database, plans, reads_whole

PROJECTS = 20_000
LARGE = [
    "users",
    "projects",
    "project_members",
    "project_search",
    "project_invites",
    "documents",
    "files",
    "happenings",
]
ADA, PROJECT, INVITE = new_id(), new_id(), new_id()
FILL = """
    INSERT INTO users (id, display_name, email, email_verified_at)
        SELECT gen_random_uuid(), 'Person ' || n, 'p' || n || '@x.example', now() FROM generate_series(1, 10000) AS n;
    INSERT INTO users (id, display_name) VALUES (:ada, 'Ada');
    INSERT INTO projects (id, owner_id, name, kind, visibility, updated_at, deleted_at)
        SELECT CASE n WHEN 1 THEN :project ELSE gen_random_uuid() END, :ada, 'w' || n % 20 || ' w' || n,
               CASE WHEN n % 2000 = 0 THEN 'rare' ELSE 'code' END,
               CASE WHEN n % 10 = 0 THEN 'public' ELSE 'private' END, now() - make_interval(mins => n),
               CASE WHEN n % 50 = 0 THEN now() - make_interval(hours => n % 1000) END
        FROM generate_series(1, :projects) AS n;
    INSERT INTO project_members (project_id, user_id, role) SELECT id, :ada, 'owner' FROM projects;
    INSERT INTO project_members (project_id, user_id, role)
        SELECT :project, id, 'viewer' FROM users WHERE id <> :ada LIMIT 300;
    INSERT INTO project_members (project_id, user_id, role)
        SELECT projects.id, users.id, 'editor'
        FROM (SELECT id, row_number() OVER () AS n FROM users WHERE id <> :ada) AS users
        JOIN (SELECT id, row_number() OVER () AS n FROM projects WHERE id <> :project) AS projects USING (n);
    INSERT INTO project_invites (id, project_id, token_hash, role, expires_at, accepted_at)
        SELECT gen_random_uuid(), projects.id, uuid_send(gen_random_uuid()), 'viewer', now() + interval '1 day',
               CASE WHEN random() < 0.9 THEN now() END
        FROM (SELECT id FROM projects LIMIT 10000) AS projects;
    INSERT INTO documents (name, project_id) SELECT id || '/a', id FROM projects;
    INSERT INTO files (id, project_id, path, kind, document, media_type)
        SELECT gen_random_uuid(), id, 'a', 'text', id || '/a', 'text/plain' FROM projects;
    INSERT INTO happenings (topic, kind, project_id, told)
        SELECT 'project:' || id, 'project.created', id, true FROM projects;
    INSERT INTO happenings (topic, kind, project_id, told)
        SELECT 'project:' || :project, 'project.updated', :project, true FROM generate_series(1, 1000);
"""


@pytest.fixture(scope="module")
def filled(server: str) -> Iterator[str]:
    """A database with one person who has all of 20,000 projects, and others who have few."""
    with filled_database(server, FILL, ada=ADA, project=PROJECT, projects=PROJECTS) as url:
        yield url


async def test_projects(watched: Watched, connection: Connection) -> None:
    """store/projects.py."""
    made = new_id()
    await ask_all(
        projects,
        {
            "add_project": lambda: projects.add_project(watched, made, ADA, NewProject(name="new")),
            "create_project": _nothing,  # is add_project in a transaction of its own
            "find_project": lambda: projects.find_project(watched, PROJECT),
            "lock_project": lambda: projects.lock_project(watched, PROJECT),
            "replace_project": lambda: projects.replace_project(watched, PROJECT, NewProject(name="changed")),
            "touch_project": lambda: projects.touch_project(watched, PROJECT),
            "mark_deleted": lambda: projects.mark_deleted(watched, made, True),
            "find_role": lambda: projects.find_role(watched, PROJECT, ADA),
            "find_membership": lambda: projects.find_membership(watched, PROJECT, ADA),
            "find_memberships": lambda: projects.find_memberships(watched, {(PROJECT, ADA), (made, ADA)}),
        },
    )
    assert_indexed(connection, watched, LARGE)


@pytest.mark.parametrize("order", ["updated", "created", "name"])
@pytest.mark.parametrize("deep", [False, True])
async def test_lists(watched: Watched, connection: Connection, order: Order, deep: bool) -> None:
    """store/project_lists.py: any order, the first page and a deep one, without a filter, with one of many matches,
    of few, of none; none reads a whole table."""
    after = START[order]
    if deep:
        rows = await project_lists.list_projects(watched, ADA, Wanted(), order, None, PROJECTS // 2)
        last = rows[-1]
        after = After(last.id, at=last.updated_at.isoformat(), name=last.sort_name)
    wanted = [Wanted(), Wanted("w7"), Wanted("w777"), Wanted("none"), Wanted(kind="rare"), Wanted("w", "public")]
    for one in wanted:
        await project_lists.list_projects(watched, ADA, one, order, after, 51)
        assert_indexed(connection, watched, LARGE)
        watched.asked.clear()


async def test_public_and_deleted_lists(watched: Watched, connection: Connection) -> None:
    """The gallery and the list of deleted projects."""
    for one in (Wanted(), Wanted("w10"), Wanted("w777"), Wanted(kind="rare")):
        assert len(await project_lists.list_public(watched, one, None, 51)) <= 51
        assert_indexed(connection, watched, LARGE)
        watched.asked.clear()
    assert len(await project_lists.list_deleted(watched, ADA, None, 51)) == 51
    assert_indexed(connection, watched, LARGE)


async def test_members(watched: Watched, connection: Connection) -> None:
    """store/members.py."""
    [person, *_] = [row for row in await members.list_members(watched, PROJECT, 5) if row.user_id != ADA]
    user = person.user_id
    await ask_all(
        members,
        {
            "list_members": lambda: members.list_members(watched, PROJECT, 51),
            "find_member": lambda: members.find_member(watched, PROJECT, user),
            "add_member": lambda: members.add_member(watched, PROJECT, user, Role.VIEWER, ADA),
            "set_role": lambda: members.set_role(watched, PROJECT, user, Role.EDITOR),
            "remove_member": lambda: members.remove_member(watched, PROJECT, user),
            "set_owner": lambda: members.set_owner(watched, PROJECT, ADA),
            "other_owner": lambda: members.other_owner(watched, PROJECT, user),
            "count_members": lambda: members.count_members(watched, PROJECT),
            "find_person": lambda: members.find_person(watched, user),
            "hold_person": lambda: members.hold_person(watched, user),
            "find_person_by_email": lambda: members.find_person_by_email(watched, "p5@X.example"),
            "owns_address": lambda: members.owns_address(watched, user, "p5@x.example"),
        },
    )
    assert_indexed(connection, watched, LARGE)


async def test_invites(watched: Watched, connection: Connection) -> None:
    """store/invites.py."""

    async def add() -> object:
        return await invites.add_invite(
            watched,
            INVITE,
            PROJECT,
            token_hash=INVITE.bytes,
            email=None,
            role=Role.VIEWER,
            invited_by=ADA,
            seconds=60,
        )

    await ask_all(
        invites,
        {
            "add_invite": add,
            "list_invites": lambda: invites.list_invites(watched, PROJECT, project_lists.LAST_ID, 51),
            "find_invite": lambda: invites.find_invite(watched, INVITE.bytes),
            "count_open": lambda: invites.count_open(watched, PROJECT),
            "mark_accepted": lambda: invites.mark_accepted(watched, INVITE, ADA),
            "revoke_invite": lambda: invites.revoke_invite(watched, PROJECT, INVITE),
            "revoke_invites_of": lambda: invites.revoke_invites_of(watched, PROJECT, ADA),
        },
    )
    assert_indexed(connection, watched, LARGE)


async def test_changes(watched: Watched, connection: Connection) -> None:
    """store/changes.py."""
    clock = await changes.read_clock(watched)
    await ask_all(
        changes,
        {
            "read_clock": lambda: changes.read_clock(watched),
            "list_happenings": lambda: changes.list_happenings(watched, PROJECT, (0, -1), clock.settled, 201),
            "list_documents": lambda: changes.list_documents(watched, PROJECT, (0, ""), clock.settled, 201),
        },
    )
    assert_indexed(connection, watched, LARGE)


async def test_removal(watched: Watched, connection: Connection) -> None:
    """store/project_removal.py."""
    await ask_all(
        project_removal,
        {
            "find_removable": lambda: project_removal.find_removable(watched, 20),
            "remove_documents": lambda: project_removal.remove_documents(watched, new_id(), 50),
            "remove_files": lambda: project_removal.remove_files(watched, new_id(), 1_000),
            "remove_chats": lambda: project_removal.remove_chats(watched, new_id(), 5),
            "remove_answers": lambda: project_removal.remove_answers(watched, new_id(), 1_000),
            "remove_happenings": lambda: project_removal.remove_happenings(watched, new_id(), 1_000),
            "remove_project": lambda: project_removal.remove_project(watched, new_id()),
        },
    )
    assert_indexed(connection, watched, LARGE)


def test_references_to_projects_are_indexed(connection: Connection) -> None:
    """Whatever belongs to a project is found by an index when the project is removed."""
    rows = connection.execute("""
        SELECT conrelid::regclass::text, attname FROM pg_constraint
        JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
        WHERE contype = 'f' AND confrelid IN ('projects'::regclass, 'documents'::regclass) AND NOT EXISTS (
            SELECT FROM pg_index WHERE indrelid = conrelid AND indkey[0] = conkey[1] AND indpred IS NULL
        )
    """).fetchall()
    assert rows == []


async def test_the_test_can_fail(filled: str, connection: Connection) -> None:
    """A query without an index is found, whichever way it is planned."""
    async with open_pool(filled) as postgres:
        watched = Watched(postgres)
        sql = "SELECT id FROM projects WHERE preview_html = %(html)s AND name LIKE '100%%'"
        await watched.rows(_Id, sql, {"html": "x"})
        with pytest.raises(AssertionError, match="reads all of projects"):
            assert_indexed(connection, watched, LARGE)
        by_index = "SELECT id FROM projects ORDER BY id"
        [(_, plan), _] = plans(connection, by_index + " LIMIT 10", {})
        assert list(reads_whole(plan, {"projects"})) == ["reads all of projects_pkey"]


class _Id:
    def __init__(self, id: UUID) -> None:
        self.id = id


async def _nothing() -> None:
    return None
