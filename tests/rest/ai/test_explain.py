"""Every query of answers, what they take, budgets, edits, keys and opinions uses an index on filled tables."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest

from schemas.ids import new_id
from store import ai_budgets, ai_departures, ai_edits, ai_holds, ai_usage, chat_summaries, opinions, streams, user_keys
from store.ai_holds import Hold
from store.ai_usage import UsageRow
from store.user_keys import SealedKey
from store.users_admin import LATEST
from tests.rest.explain import Connection, Watched, ask_all, assert_indexed, filled_database, plans, reads_whole

ADA, PROJECT, STREAM, QUEUED, KEY = (new_id() for _ in range(5))
LARGE = [
    "users", "projects", "streams", "ai_holds", "ai_usage", "ai_days", "ai_project_budgets", "ai_budgets", "ai_edits",
    "user_keys", "chat_messages", "message_feedback", "chat_summaries",
]  # fmt: skip
FILL = """
    INSERT INTO users (id, display_name) SELECT gen_random_uuid(), 'Person ' || n FROM generate_series(1, 10000) AS n;
    INSERT INTO users (id, display_name) VALUES (:ada, 'Ada');
    INSERT INTO projects (id, owner_id, name) SELECT gen_random_uuid(), id, 'p' FROM users WHERE id <> :ada;
    INSERT INTO projects (id, owner_id, name) VALUES (:project, :ada, 'p');
    INSERT INTO streams (id, user_id, project_id, request_id, asked, log_begin, status, worker, model, category, told,
                         ended_at)
        SELECT gen_random_uuid(), users.id, projects.id, 'r' || n, '{}', 0, 'done', 'w' || n % 3, 'a/b', 'coding', true,
               now() - make_interval(hours => n * 60)
        FROM users JOIN projects ON projects.owner_id = users.id, generate_series(1, 4) AS n;
    UPDATE streams SET in_chat = true WHERE request_id <> 'r4' OR random() < 0.99;
    INSERT INTO streams (id, user_id, project_id, asked, log_begin, status, worker) VALUES
        (:stream, :ada, :project, '{}', 0, 'running', 'w1'), (:queued, :ada, NULL, '{}', 0, 'queued', NULL);
    INSERT INTO streams (id, user_id, asked, log_begin, status, worker)
        SELECT gen_random_uuid(), :ada, '{}', 0, status, 'w1'
        FROM unnest(ARRAY['queued', 'running']) AS status, generate_series(1, 1000);
    INSERT INTO ai_holds (stream_id, user_id, project_id, own_key, input, tokens, nano_usd)
        SELECT id, user_id, project_id, false, 1, 1, 1 FROM streams WHERE id <> :queued;
    INSERT INTO ai_usage (stream_id, at, user_id, project_id, model, own_key, status, input, output, reasoning, cached,
                          estimated, nano_usd, charged_by)
        SELECT id, now() - random() * interval '300 days', user_id, project_id, 'a/b', false, 'done', 1, 1, 0, 0, false,
               1, 'price' FROM streams;
    INSERT INTO ai_days (subject, day) SELECT id, current_date - n FROM users, generate_series(0, 3) AS n;
    INSERT INTO ai_project_budgets SELECT id, 1 FROM projects;
    INSERT INTO ai_budgets SELECT id, 1, 2 FROM users;
    INSERT INTO ai_edits (stream_id, project_id, document, client, aim)
        SELECT id, :project, 'x', 1, '{}' FROM streams WHERE request_id = 'r1';
    INSERT INTO user_keys (id, user_id, provider, last4, sealed, ring_key)
        SELECT gen_random_uuid(), id, provider, 'abcd', 'x',
               coalesce((ARRAY['a', 'z'])[ceil(random() * 2000)::int], 'new')
        FROM users, unnest(ARRAY['openai', 'gemini', 'cohere', 'anthropic']) AS provider;
    INSERT INTO user_keys (id, user_id, provider, label, last4, sealed, ring_key)
        VALUES (:key, :ada, 'openai', 'x', 'abcd', 'x', 'new');
    INSERT INTO chats (id, user_id, title, model) VALUES (:project, :ada, 'x', 'auto');
    INSERT INTO chat_messages (id, chat_id, depth, role, user_id, stream_id)
        SELECT id, :project, 2, 'assistant', user_id, id FROM streams WHERE request_id IS NOT NULL;
    INSERT INTO chat_summaries (message_id, text, model, left_out) SELECT id, 'x', 'a/b', 0 FROM chat_messages;
    INSERT INTO message_feedback (message_id, user_id, rating, model, category, created_at)
        SELECT id, user_id, 1, 'a/b', 'coding', now() - random() * interval '900 days' FROM chat_messages;
"""


@pytest.fixture(scope="module")
def filled(server: str) -> Iterator[str]:
    """40,000 answers of 10,000 people, with all that belongs to them."""
    with filled_database(server, FILL, ada=ADA, project=PROJECT, stream=STREAM, queued=QUEUED, key=KEY) as url:
        yield url


async def test_streams(watched: Watched, connection: Connection) -> None:
    """store/streams.py."""

    async def end() -> object:
        return await streams.end_stream(
            watched, STREAM, "w", status="done", text="", thought="", reason=None, model=None, why=None, category=None,
            usage=None, error=None, sources=None, first_token_at=None,
        )  # fmt: skip

    await ask_all(
        streams,
        {
            "add_stream": lambda: streams.add_stream(watched, new_id(), ADA, PROJECT, "x", "{}", 0),
            "find_stream": lambda: streams.find_stream(watched, STREAM),
            "find_by_request": lambda: streams.find_by_request(watched, ADA, "x"),
            "claim": lambda: streams.claim(watched, QUEUED, "w"),
            "ask_to_cancel": lambda: streams.ask_to_cancel(watched, new_id()),
            "end_stream": end,
            "mark_told": lambda: streams.mark_told(watched, STREAM),
            "list_queued": lambda: streams.list_queued(watched, 2.0, 100),
            "list_running": lambda: streams.list_running(watched, ["w1", "w2"], [new_id()], 100),
            "list_own": lambda: streams.list_own(watched, [new_id() for _ in range(500)], "w1"),
            "list_untold": lambda: streams.list_untold(watched, 5.0, 100),
            "remove_old": lambda: streams.remove_old(watched, 30, 10),
        },
    )
    # That of running streams has no other rows than those which are asked for.
    assert_indexed(connection, watched, LARGE)


async def test_holds_and_budgets(watched: Watched, connection: Connection) -> None:
    """store/ai_holds.py, ai_budgets.py."""
    held = Hold(QUEUED, ADA, PROJECT, False, 1, 1, 1)
    await ask_all(
        ai_holds,
        {
            "lock_user": lambda: ai_holds.lock_user(watched, ADA),
            "lock_project_budget": lambda: ai_holds.lock_project_budget(watched, PROJECT),
            "taken": lambda: ai_holds.taken(watched, ADA),
            "project_spent": lambda: ai_holds.project_spent(watched, PROJECT),
            "hold": lambda: ai_holds.hold(watched, held),
            "spend": lambda: ai_holds.spend(watched, STREAM, 1, 1),
            "find_hold": lambda: ai_holds.find_hold(watched, STREAM),
            "release": lambda: ai_holds.release(watched, STREAM),
        },
    )
    await ask_all(
        ai_budgets,
        {
            "set_project_budget": lambda: ai_budgets.set_project_budget(watched, PROJECT, 1),
            "find_project_budget": lambda: ai_budgets.find_project_budget(watched, PROJECT),
            "set_own_budget": lambda: ai_budgets.set_own_budget(watched, ADA, 1),
            "set_admin_budget": lambda: ai_budgets.set_admin_budget(watched, ADA, None),
        },
    )
    await ai_budgets.set_project_budget(watched, PROJECT, None)
    assert_indexed(connection, watched, LARGE)


async def test_usage(watched: Watched, connection: Connection) -> None:
    """store/ai_usage.py: the first page and a deep one."""
    line = UsageRow(new_id(), ADA, PROJECT, "a/b", False, "done", 1, 1, 0, 0, False, 1, "price", None)
    await ask_all(
        ai_usage,
        {
            "add_usage": lambda: ai_usage.add_usage(watched, line),
            "list_days": lambda: ai_usage.list_days(watched, ADA, 31),
            "list_lines": lambda: ai_usage.list_lines(watched, ADA, (datetime.now(UTC), new_id()), 51),
            "remove_lines": lambda: ai_usage.remove_lines(watched, 290, 10),
            "remove_days": lambda: ai_usage.remove_days(watched, 2, 10),
        },
    )
    assert_indexed(connection, watched, LARGE)
    watched.asked.clear()
    await ai_usage.list_lines(watched, ADA, None, 51)
    assert_indexed(connection, watched, LARGE)


async def test_summaries(watched: Watched, connection: Connection) -> None:
    """store/chat_summaries.py."""
    [answer] = await watched.rows(_Id, "SELECT id FROM chat_messages LIMIT 1")
    watched.asked.clear()
    await ask_all(
        chat_summaries,
        {
            "find_summary": lambda: chat_summaries.find_summary(watched, [answer.id, new_id()]),
            "keep_summary": lambda: chat_summaries.keep_summary(watched, answer.id, "x", "a/b", 0),
            "note_given": lambda: chat_summaries.note_given(watched, answer.id, 1, 1),
        },
    )
    assert_indexed(connection, watched, LARGE)


async def test_departures(watched: Watched, connection: Connection) -> None:
    """store/ai_departures.py."""
    await watched.execute("UPDATE users SET status = 'deleted', deleted_at = now() WHERE id = %(id)s", {"id": ADA})
    watched.asked.clear()
    await ask_all(
        ai_departures,
        {
            "forget_answers": lambda: ai_departures.forget_answers(watched, 40, 10),
            "remove_chats": lambda: ai_departures.remove_chats(watched, 40, 0),
            "remove_feedback": lambda: ai_departures.remove_feedback(watched, 40, 10),
        },
    )
    assert_indexed(connection, watched, LARGE)


async def test_edits(watched: Watched, connection: Connection) -> None:
    """store/ai_edits.py."""
    await ask_all(
        ai_edits,
        {
            "add_edit": lambda: ai_edits.add_edit(watched, QUEUED, PROJECT, "x", 1, "{}"),
            "find_edit": lambda: ai_edits.find_edit(watched, STREAM),
            "update_aim": lambda: ai_edits.update_aim(watched, STREAM, "{}"),
            "mark_undone": lambda: ai_edits.mark_undone(watched, STREAM),
        },
    )
    assert_indexed(connection, watched, LARGE)


async def test_keys(watched: Watched, connection: Connection) -> None:
    """store/user_keys.py."""
    sealed = SealedKey(KEY, ADA, "openai", "new", b"x")

    async def add() -> object:
        return await user_keys.add_key(watched, new_id(), ADA, "cohere", "", last4="abcd", sealed=b"x", ring_key="new")

    await ask_all(
        user_keys,
        {
            "add_key": add,
            "count_keys": lambda: user_keys.count_keys(watched, ADA),
            "list_keys": lambda: user_keys.list_keys(watched, ADA),
            "list_all_keys": lambda: user_keys.list_all_keys(watched, None, LATEST, 51),
            "remove_any_key": lambda: user_keys.remove_any_key(watched, new_id()),
            "find_key": lambda: user_keys.find_key(watched, ADA, KEY),
            "remove_key": lambda: user_keys.remove_key(watched, ADA, new_id()),
            "remove_keys": lambda: user_keys.remove_keys(watched, new_id()),
            "providers_of": lambda: user_keys.providers_of(watched, ADA),
            "list_sealed": lambda: user_keys.list_sealed(watched, ADA),
            "find_sealed": lambda: user_keys.find_sealed(watched, KEY),
            "note_verdict": lambda: user_keys.note_verdict(watched, KEY, "ok"),
            "list_sealed_otherwise": lambda: user_keys.list_sealed_otherwise(watched, "new", None, 200),
            "seal_again": lambda: user_keys.seal_again(watched, sealed, b"y", "newer"),
        },
    )
    await user_keys.list_all_keys(watched, ADA, LATEST, 51)
    assert_indexed(connection, watched, LARGE)


async def test_opinions(watched: Watched, connection: Connection) -> None:
    """store/opinions.py reads what is recent, planned for its parameters: a plan for any costs more."""
    await ask_all(opinions, {"list_opinions": lambda: opinions.list_opinions(watched, 36_000, 86_400, 4.0, 0.1)})
    ((statement, params),) = watched.asked.items()
    [(_, plan), _] = plans(connection, statement, params)
    assert list(reads_whole(plan, set(LARGE))) == []


async def test_old_rings_come_in_order(watched: Watched) -> None:
    """Page by page all keys come that others of the ring closed, each once."""
    found: list[SealedKey] = []
    while rows := await user_keys.list_sealed_otherwise(
        watched, "new", (found[-1].ring_key, found[-1].id) if found else None, 7
    ):
        found += rows
    assert len(found) > 7
    assert {"a", "z"} <= {each.ring_key for each in found} <= {"a", "newer", "z"}
    assert len({each.id for each in found}) == len(found)
    assert found == sorted(found, key=lambda each: (each.ring_key, each.id))


class _Id:
    def __init__(self, id: UUID) -> None:
        self.id = id
