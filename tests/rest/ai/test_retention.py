"""What AI leaves behind is kept for a time (workers/chores.py `retention`): answers outside of chats, and bills."""

from uuid import UUID

import pytest

from schemas.ids import new_id
from schemas.streams import Usage
from store import chat_messages, chats, streams
from store.chat_messages import NewMessage
from store.postgres import Postgres
from tests.rest.ai.desk import Desk, make_project
from tests.rest.ai.test_budgets import MakeDesk
from tests.rest.databases import execute
from workers.chores import ANSWER_DAYS, BILL_DAYS, SUMS_DAYS, retention
from workers.forget_departed import forget_departed
from workers.settings import Settings


async def run(postgres: Postgres, name: str) -> int:
    """The chore of this name."""
    (chore,) = [each for each in retention(postgres, Settings("", "")) if each.name == name]
    return await chore.run()


async def answered(desk: Desk, days: int, *, in_chat: UUID | None = None, told: bool = True) -> UUID:
    """An answer that ended so many days ago."""
    stream = await desk.ask(1)
    assert stream is not None
    if in_chat is not None:
        new = NewMessage(id=new_id(), chat_id=in_chat, parent_id=None, depth=2, user_id=desk.user, stream_id=stream)
        await chat_messages.add_message(desk.postgres, new)
    await desk.end(stream, Usage(1, 1))
    if told:
        await streams.mark_told(desk.postgres, stream)
    await desk.postgres.execute(
        "UPDATE streams SET ended_at = now() - make_interval(days => %(days)s) WHERE id = %(id)s",
        {"id": stream, "days": days},
    )
    return stream


async def left(desk: Desk) -> set[UUID]:
    """The user's answers."""
    rows = await desk.postgres.rows(_Id, "SELECT id FROM streams WHERE user_id = %(id)s", {"id": desk.user})
    return {row.id for row in rows}


async def test_answers_outside_of_chats_go(make_desk: MakeDesk) -> None:
    """After a month; those in a chat stay while it does, those whose end was not told wait for it."""
    desk = await make_desk("pro")
    chat = new_id()
    await chats.add_chat(desk.postgres, chat, desk.user, None, "x", "auto")
    await answered(desk, ANSWER_DAYS + 1)
    young = await answered(desk, ANSWER_DAYS - 1)
    kept = await answered(desk, ANSWER_DAYS + 300, in_chat=chat)
    untold = await answered(desk, ANSWER_DAYS + 1, told=False)
    running = await desk.ask(1)
    assert running is not None
    await desk.claim(running)
    await run(desk.postgres, "forget answers")
    assert await left(desk) == {young, kept, untold, running}
    await chats.remove_chat(desk.postgres, chat)
    await streams.mark_told(desk.postgres, untold)
    await run(desk.postgres, "forget answers")
    assert await left(desk) == {young, running}
    assert (await desk.spent_and_held())[0] > 0


async def test_bills_and_days_go(make_desk: MakeDesk, database: str) -> None:
    """Bills after a year and a month, sums by day after twice as long."""
    desk = await make_desk("pro")
    lines = [await answered(desk, 1) for _ in range(3)]
    ages = (0, BILL_DAYS - 1, BILL_DAYS + 1)
    for line, days in zip(lines, ages, strict=True):
        execute(database, "UPDATE ai_usage SET at = at - make_interval(days => %s) WHERE stream_id = %s", days, line)
    await run(desk.postgres, "forget bills")
    rows = execute(database, "SELECT stream_id FROM ai_usage WHERE user_id = %s ORDER BY at DESC", desk.user)
    assert [row for (row,) in rows] == lines[:2]

    today = "(now() AT TIME ZONE 'utc')::date"
    for days in (SUMS_DAYS - 1, SUMS_DAYS + 1):
        execute(database, f"INSERT INTO ai_days (subject, day) VALUES (%s, {today} - %s)", desk.user, days)
    await run(desk.postgres, "forget days of AI")
    rows = execute(database, f"SELECT {today} - day FROM ai_days WHERE subject = %s ORDER BY day", desk.user)
    assert [row for (row,) in rows] == [SUMS_DAYS - 1, 0]


@pytest.mark.parametrize("name", ["forget answers", "forget bills", "forget days of AI"])
async def test_so_many_at_a_time(make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A round is bounded."""
    desk = await make_desk("pro")
    await run(desk.postgres, name)
    monkeypatch.setattr("workers.chores.BATCH", 2)
    for _ in range(3):
        stream = await answered(desk, 999)
        await desk.postgres.execute(
            "UPDATE ai_usage SET at = now() - interval '999 days' WHERE stream_id = %(id)s", {"id": stream}
        )
    for days in range(3):
        await desk.postgres.execute(
            "INSERT INTO ai_days (subject, day) VALUES (%(id)s, current_date - 900 - %(days)s::int)",
            {"id": desk.user, "days": days},
        )
    assert [await run(desk.postgres, name) for _ in range(3)] == [2, 1, 0]


async def test_who_leaves_takes_along_what_they_said(make_desk: MakeDesk, database: str) -> None:
    """Their own chats, answers and ratings go; what they said in a project's chat stays with it, what it took too."""
    ann, ben = await make_desk("pro"), await make_desk("pro")
    mine, shared, other = new_id(), new_id(), new_id()
    project = await make_project(ben.postgres, ben.user)
    await chats.add_chat(ann.postgres, mine, ann.user, None, "mine", "auto")
    await chats.add_chat(ann.postgres, shared, ann.user, project, "shared", "auto")
    await chats.add_chat(ben.postgres, other, ben.user, None, "other", "auto")
    for chat, desk in ((mine, ann), (shared, ben), (other, ben)):
        desk.project = project if chat == shared else None
        stream = await answered(desk, 1, in_chat=chat)
        execute(database, "UPDATE streams SET text = 'secret' WHERE id = %s", stream)
        for who in (ann, ben):
            execute(
                database,
                "INSERT INTO message_feedback (message_id, user_id, rating, comment)"
                " SELECT id, %s, 1, 'secret' FROM chat_messages WHERE stream_id = %s",
                who.user, stream,
            )  # fmt: skip
    alone = await answered(ann, 1)
    execute(database, "UPDATE streams SET text = 'secret' WHERE id = %s", alone)
    await forget_departed(ann.postgres, 1_000)
    assert set(texts(database, ann)) == {"secret"}, "while they are here all stays"

    execute(database, "UPDATE users SET status = 'deleted', deleted_at = now() WHERE id = %s", ann.user)
    assert await forget_departed(ann.postgres, 1_000) >= 6
    assert set(texts(database, ann)) == {""}
    assert texts(database, ben) == ["secret", "secret"]
    rated = execute(
        database, "SELECT DISTINCT user_id FROM message_feedback WHERE user_id IN (%s, %s)", ann.user, ben.user
    )
    assert rated == [(ben.user,)]
    left = execute(database, "SELECT id FROM chats WHERE user_id IN (%s, %s)", ann.user, ben.user)
    assert {chat for (chat,) in left} == {shared, other}
    assert len(execute(database, "SELECT 1 FROM ai_usage WHERE user_id = %s", ann.user)) == 2
    assert await forget_departed(ann.postgres, 1_000) == 0


def texts(database: str, desk: Desk) -> list[object]:
    """Of all answers that somebody got."""
    return [text for (text,) in execute(database, "SELECT text FROM streams WHERE user_id = %s", desk.user)]


class _Id:
    def __init__(self, id: UUID) -> None:
        self.id = id
