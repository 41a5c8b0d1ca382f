"""The audit log: read by administrators, changed by nobody."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from schemas.ids import new_id
from store.audit import remove_old
from store.happenings import Act, add_audit
from store.postgres import Postgres
from tests.rest.api import Api
from tests.rest.databases import execute


@pytest.fixture
async def admin(api: Api, postgres: Postgres) -> str:
    """An administrator's token."""
    guest = await api.guest()
    await postgres.execute("UPDATE users SET role = 'admin' WHERE id = %(id)s", {"id": UUID(guest["user"]["id"])})
    return str(guest["access_token"])


async def listed(api: Api, token: str, **query: Any) -> list[dict[str, Any]]:
    """All pages."""
    items: list[dict[str, Any]] = []
    cursor: dict[str, Any] = {}
    while True:
        text = "&".join(f"{key}={value}" for key, value in {"limit": 2, **query, **cursor}.items())
        reply = await api.call("GET", f"/api/admin/audit?{text}", token=token)
        assert reply.status == 200, reply.body
        items += reply.body["items"]
        if reply.body["next_cursor"] is None:
            return items
        cursor = {"cursor": reply.body["next_cursor"]}


async def test_lists_and_filters(api: Api, postgres: Postgres, admin: str) -> None:
    """Acts come newest first, page by page; every filter narrows, and all that are given must fit."""
    ann, bob, place = new_id(), new_id(), f"project:{new_id()}"
    for actor, act in [(ann, "member.added"), (bob, "member.added"), (ann, "member.removed"), (ann, "login")]:
        await add_audit(postgres, Act(act=act, actor_id=actor, subject=place, details={"n": 1}))
    everything = await listed(api, admin, subject=place)
    assert [each["act"] for each in everything] == ["login", "member.removed", "member.added", "member.added"]
    assert [each["id"] for each in everything] == sorted((each["id"] for each in everything), reverse=True)
    assert everything[0]["details"] == {"n": 1} and everything[0]["actor_id"] == str(ann)
    assert len(await listed(api, admin, actor_id=ann)) == 3
    assert len(await listed(api, admin, actor_id=ann, act="member.added")) == 1
    assert len(await listed(api, admin, actor_id=bob, act="login")) == 0


async def test_filters_by_time(api: Api, postgres: Postgres, admin: str) -> None:
    """`since` is inclusive, `until` exclusive."""
    actor = new_id()
    for _ in range(3):
        await add_audit(postgres, Act(act="test", actor_id=actor))
    last, middle, first = [each["at"] for each in await listed(api, admin, actor_id=actor)]
    between = await listed(api, admin, actor_id=actor, since=middle, until=last)
    assert [each["at"] for each in between] == [middle]
    assert [each["at"] for each in await listed(api, admin, actor_id=actor, until=middle)] == [first]
    soon = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert await listed(api, admin, actor_id=actor, since=soon) == []


async def test_only_for_administrators(api: Api) -> None:
    """Nobody else reads it."""
    (await api.call("GET", "/api/admin/audit")).problem(401, "unauthenticated")
    (await api.call("GET", "/api/admin/audit", token=await api.token())).problem(403, "forbidden")


@pytest.mark.parametrize("query", ["since=yesterday", "since=2026-01-01T00:00:00", "actor_id=me", "cursor=x", "who=me"])
async def test_wrong_filters_are_refused(api: Api, admin: str, query: str) -> None:
    """A filter that is not understood is a problem, not a longer list."""
    reply = await api.call("GET", f"/api/admin/audit?{query}", token=admin)
    reply.problem(422, "invalid")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET act = 'nothing'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
        "SET atrium.audit_retention = 'on'; UPDATE audit_log SET act = 'nothing'",
        "SET atrium.audit_retention = 'on'; DELETE FROM audit_log",
        "SET atrium.audit_retention = 'on'; TRUNCATE audit_log",
    ],
)
async def test_lines_cannot_be_changed(postgres: Postgres, database: str, statement: str) -> None:
    """Updating, deleting and emptying are refused; also in the name of retention, what is younger than a day."""
    await add_audit(postgres, Act(act="test"))
    with pytest.raises(psycopg.errors.RaiseException, match="only grows"), psycopg.connect(database) as connection:
        connection.execute(statement.encode())


async def test_retention_removes_what_is_old(postgres: Postgres, database: str) -> None:
    """The worker's retention removes old lines, at most so many at a time, and no young one."""
    act = f"test.{new_id()}"
    for days in (400, 401, 1):
        execute(database, "INSERT INTO audit_log (act, at) VALUES (%s, now() - make_interval(days => %s))", act, days)
    assert await remove_old(postgres, 365, 1) == 1
    assert await remove_old(postgres, 365, 100) >= 1
    left = execute(database, "SELECT count(*) FROM audit_log WHERE act = %s", act)
    assert left == [(1,)]
