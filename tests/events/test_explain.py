"""Every query of telling, notifications, webhooks and the audit log uses an index on filled tables."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from schemas.ids import new_id
from store import audit, backlog, deliveries, happenings, notifications, teller, webhooks
from store.audit import AuditFilter
from store.deliveries import Claimed
from store.happenings import Act, Happening
from store.notifications import Notice
from store.postgres import Queries
from store.webhooks import EndpointChange
from tests.rest.explain import Connection, Watched, ask_all, assert_indexed, filled_database, plans, reads_whole

ADA, PROJECT, ENDPOINT, DELIVERY, NOTICE = (new_id() for _ in range(5))
LARGE = [
    "users",
    "project_members",
    "happenings",
    "notifications",
    "webhook_endpoints",
    "webhook_deliveries",
    "audit_log",
]
FILL = """
    INSERT INTO users (id, display_name, email, email_verified_at)
        SELECT gen_random_uuid(), 'Person ' || n, 'p' || n || '@x.example', now() FROM generate_series(1, 5000) AS n;
    INSERT INTO users (id, display_name) VALUES (:ada, 'Ada');
    INSERT INTO projects (id, owner_id, name) SELECT gen_random_uuid(), id, 'p' FROM users;
    INSERT INTO projects (id, owner_id, name) VALUES (:project, :ada, 'p');
    INSERT INTO project_members (project_id, user_id, role) SELECT id, owner_id, 'owner' FROM projects;
    INSERT INTO project_invites (id, project_id, token_hash, email, role, expires_at)
        SELECT gen_random_uuid(), id, uuid_send(gen_random_uuid()), 'p7@x.example', 'viewer', now() FROM projects;
    INSERT INTO happenings (topic, kind, project_id, told)
        SELECT 'project:' || id, 'project.created', id, true FROM projects, generate_series(1, 8);
    INSERT INTO happenings (topic, kind, project_id) SELECT 'project:' || :project, 'file.created', :project
        FROM generate_series(1, 200);
    INSERT INTO notifications (id, user_id, kind, created_at, read_at)
        SELECT gen_random_uuid(), id, 'test', now() - make_interval(days => n), CASE WHEN n > 1 THEN now() END
        FROM users, generate_series(1, 8) AS n;
    INSERT INTO notifications (id, user_id, kind) VALUES (:notice, :ada, 'test');
    INSERT INTO webhook_endpoints (id, user_id, url, secret)
        SELECT gen_random_uuid(), id, 'https://a.example', '' FROM users;
    INSERT INTO webhook_endpoints (id, user_id, url, secret) VALUES (:endpoint, :ada, 'https://a.example', '');
    INSERT INTO webhook_deliveries (endpoint_id, kind, status, next_attempt_at, created_at)
        SELECT id, 'test', CASE n WHEN 1 THEN 'pending' ELSE 'delivered' END, now() + interval '1 day',
               now() - make_interval(days => n)
        FROM webhook_endpoints, generate_series(1, 8) AS n;
    INSERT INTO webhook_deliveries (id, endpoint_id, kind) VALUES (:delivery, :endpoint, 'test');
    INSERT INTO audit_log (at, act, actor_id, subject)
        SELECT now() - make_interval(mins => n), 'act' || n % 50, users.id, 'user:' || users.id
        FROM users, generate_series(1, 8) AS n;
"""


@pytest.fixture(scope="module")
def filled(server: str) -> Iterator[str]:
    """Some 40,000 rows of each kind."""
    with filled_database(
        server, FILL, ada=ADA, project=PROJECT, endpoint=ENDPOINT, delivery=DELIVERY, notice=NOTICE
    ) as url:
        yield url


async def nothing() -> None:
    """For what asks nothing by itself."""


async def test_teller(watched: Watched, connection: Connection) -> None:
    """store/teller.py: what is not told is found by an index of nothing else."""
    for call in (lambda: teller.untold(watched, 200), lambda: teller.is_any_untold(watched)):
        await call()
        for statement, params in watched.asked.items():
            for _, plan in plans(connection, statement, params):
                assert set(reads_whole(plan, {"happenings"})) == {"reads all of happenings_untold"}
        watched.asked.clear()
    await teller.take_turn(watched)
    await teller.mark_told(watched, [1, 2, 3])
    assert_indexed(connection, watched, LARGE)


async def test_happenings(watched: Watched, connection: Connection) -> None:
    """store/happenings.py."""
    await ask_all(
        happenings,
        {
            "add_happening": lambda: happenings.add_happening(watched, Happening(topic="x", kind="y")),
            "add_access_change": lambda: happenings.add_access_change(watched, "x"),
            "add_audit": lambda: happenings.add_audit(watched, Act(act="x")),
            "remove_old": lambda: happenings.remove_old(watched, 91, 1000),
        },
    )
    assert_indexed(connection, watched, LARGE)


async def test_notifications(watched: Watched, connection: Connection) -> None:
    """store/notifications.py."""
    invite = connection.execute("SELECT id FROM project_invites LIMIT 1").fetchone()
    assert invite is not None
    data = {"invite_id": str(invite[0])}
    await ask_all(
        notifications,
        {
            "add_notification": lambda: notifications.add_notification(watched, Notice(user_id=ADA, kind="x", data={})),
            "find_concerned": lambda: notifications.find_concerned(watched, "project:x", "invite.created", None, data),
            "list_notifications": lambda: both(watched),
            "count_unread": lambda: notifications.count_unread(watched, ADA),
            "mark_read": lambda: notifications.mark_read(watched, ADA, NOTICE),
            "mark_all_read": lambda: notifications.mark_all_read(watched, ADA),
            "find_muted": lambda: notifications.find_muted(watched, ADA),
            "set_muted": lambda: notifications.set_muted(watched, ADA, ["x"]),
            "remove_old": lambda: notifications.remove_old(watched, 180, 1000),
        },
    )
    assert_indexed(connection, watched, LARGE)


async def both(db: Queries) -> None:
    for unread in (True, False):
        await notifications.list_notifications(db, ADA, unread=unread, before=None, limit=51)


async def test_webhooks(watched: Watched, connection: Connection) -> None:
    """store/webhooks.py."""
    made = new_id()
    await ask_all(
        webhooks,
        {
            "add_endpoint": lambda: webhooks.add_endpoint(
                watched, made, ADA, None, url="https://a.example", description="", events=[], secret=b""
            ),
            "count_endpoints": lambda: webhooks.count_endpoints(watched, ADA),
            "list_endpoints": lambda: webhooks.list_endpoints(watched, ADA, UUID(int=0), 51),
            "find_endpoint": lambda: webhooks.find_endpoint(watched, ADA, ENDPOINT),
            "change_endpoint": lambda: webhooks.change_endpoint(
                watched, ADA, ENDPOINT, EndpointChange(enabled=True), None
            ),
            "rotate_secret": lambda: webhooks.rotate_secret(watched, ADA, made, b"x", 60),
            "remove_endpoint": lambda: webhooks.remove_endpoint(watched, ADA, made),
            "remove_endpoints": lambda: webhooks.remove_endpoints(watched, new_id()),
        },
    )
    assert_indexed(connection, watched, LARGE)


async def test_deliveries(watched: Watched, connection: Connection) -> None:
    """store/deliveries.py."""
    claimed = Claimed(
        DELIVERY, ENDPOINT, ADA, "", b"", None, 1, "test", None, None, None, None, None, datetime.now(UTC), True, 0
    )
    ids = [row[0] for row in connection.execute("SELECT id FROM happenings WHERE NOT told").fetchall()]
    await ask_all(
        deliveries,
        {
            "add_deliveries": lambda: deliveries.add_deliveries(watched, ids[:20]),
            "add_test": lambda: deliveries.add_test(watched, ENDPOINT),
            "list_deliveries": lambda: deliveries.list_deliveries(watched, ENDPOINT, None, 51),
            "due": lambda: deliveries.due(watched, 200),
            "claim": lambda: deliveries.claim(watched, DELIVERY),
            "note_delivered": lambda: deliveries.note_delivered(watched, claimed, 200, 5),
            "note_failed": lambda: deliveries.note_failed(
                watched, claimed, response_status=500, error="x", milliseconds=5, again_in=5.0
            ),
            "disable_endpoint": lambda: deliveries.disable_endpoint(watched, ENDPOINT, "x"),
            "remove_old": lambda: deliveries.remove_old(watched, 30, 1000),
        },
    )
    assert_indexed(connection, watched, LARGE)


async def test_backlog(watched: Watched, connection: Connection) -> None:
    """store/backlog.py: what waits is counted by indexes of nothing else."""
    connection.execute(
        "UPDATE webhook_deliveries SET status = 'failed', last_attempt_at = created_at WHERE created_at < now() - '7 d'"
        "::interval"
    )
    connection.execute(
        "INSERT INTO streams (id, user_id, asked, log_begin, status) SELECT gen_random_uuid(), id, '{}', 0, 'done' "
        "FROM users"
    )
    connection.execute("ANALYZE webhook_deliveries, streams")
    await backlog.deliveries(watched)
    assert_indexed(connection, watched, LARGE)
    watched.asked.clear()
    await backlog.answers(watched)
    for statement, params in watched.asked.items():
        for _, plan in plans(connection, statement, params):
            assert set(reads_whole(plan, {"streams"})) == {
                f"reads all of streams_{which}" for which in ("queued", "running")
            }


@pytest.mark.parametrize("actor", [None, ADA], ids=["anybody", "ada"])
@pytest.mark.parametrize("act", [None, "act7"])
@pytest.mark.parametrize("subject", [None, f"user:{ADA}"], ids=["anything", "ada"])
@pytest.mark.parametrize("deep", [False, True])
async def test_audit(
    watched: Watched, connection: Connection, actor: UUID | None, act: str | None, subject: str | None, deep: bool
) -> None:
    """store/audit.py: whatever it is filtered by, the first page and a deep one, within a time or not."""
    now = datetime.now(UTC)
    for since in (None, now - timedelta(hours=1)):
        before = (now - timedelta(minutes=4), 5) if deep else None
        which = AuditFilter(actor_id=actor, act=act, subject=subject, since=since, before=before)
        await audit.list_audit(watched, which, 51)
    assert_indexed(connection, watched, LARGE)
