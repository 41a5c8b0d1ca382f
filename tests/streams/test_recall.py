"""Chats that do not fit the model: their beginning is summarised once, or cut, and the answer says how much."""

from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from loadtest.standins.script import Script
from loadtest.standins.server import Standins
from tests.chats.people import Chatter
from tests.streams.conftest import SMALL
from tests.streams.upstreams import asked_for, asker, questions
from tests.support.stack import Stack
from tests.support.waiting import wait_until

FILLER = " and so on, as it is told in the long tales of the herons" * 20
"""Some 430 tokens by our estimate."""
WORDS = Script(pieces=("Certainly.",))
SUMMARY = "Herons were counted."
BROKEN = Script(refuse="broken")


ADD_MESSAGES = """
    CREATE TEMP TABLE made AS
        SELECT n, gen_random_uuid() AS id, gen_random_uuid() AS stream FROM generate_series(3, 300) AS n;
    INSERT INTO streams (id, user_id, asked, log_begin, status, told, ended_at, text)
        SELECT stream, user_id, '{}', 0, 'done', true, now(), 'message ' || n || '. So it is, and so it was.'
        FROM made, chats WHERE chats.id = :chat AND n % 2 = 0;
    INSERT INTO chat_messages (id, chat_id, parent_id, depth, role, user_id, content, stream_id)
        SELECT made.id, chats.id,
               coalesce((SELECT id FROM made AS above WHERE above.n = made.n - 1),
                        (SELECT id FROM chat_messages WHERE chat_id = chats.id AND depth = 2)),
               n, CASE n % 2 WHEN 0 THEN 'assistant' ELSE 'user' END, user_id,
               CASE n % 2 WHEN 1 THEN 'message ' || n || '. Is it so, and was it so before?' END,
               CASE n % 2 WHEN 0 THEN stream END
        FROM made, chats WHERE chats.id = :chat ORDER BY n;
    DROP TABLE made;
"""
"""298 messages more."""


@dataclass
class Talk:
    """A chat, and who talks in it."""

    person: Chatter
    chat: str

    async def ask(self, content: str, model: str) -> dict[str, Any]:
        """A message and its whole answer."""
        return await self.person.say(self.chat, content, model=model)

    async def started(self, said: dict[str, Any]) -> dict[str, Any]:
        """What its answer's stream told when it began."""
        reading = await self.person.heard(said["assistant"]["stream_id"])
        return next(dict(each["data"]) for each in reading.records if each["event"] == "ai.started")


async def talk(stack: Stack, standins: Standins, questions: int = 12, filler: str = FILLER) -> Talk:
    """Somebody who has asked so much already, of models with all the room in the world."""
    standins.scripts["endless"] = WORDS
    person = Chatter(stack.urls[0], asker(stack).token)
    found = Talk(person, (await person.chat(title="Herons"))["id"])
    for number in range(questions):
        await found.ask(f"heron {number}:{filler}", "openai/endless")
    return found


def asked_of(standins: Standins, model: str) -> list[str]:
    """What was sent to it, one text for each question."""
    return ["\n".join(each["content"] for each in asked.body["messages"]) for asked in questions(standins, model)]


def lines(stack: Stack, talk: Talk) -> list[tuple[Any, ...]]:
    """What this person's answers cost: (model, own_key, nano_usd), and then the sums of the day."""
    with psycopg.connect(stack.database_url) as connection:
        return connection.execute(
            """
            SELECT usage.model, usage.own_key, usage.nano_usd FROM ai_usage AS usage
            JOIN chats ON chats.user_id = usage.user_id WHERE chats.id = %s AND usage.model = ANY(%s) ORDER BY usage.at
            """,
            [talk.chat, [f"openrouter/{each}" for each in SMALL]],
        ).fetchall()


def is_balanced(stack: Stack, talk: Talk) -> bool:
    """Whether nothing is set aside any more, and the day's sums are those of the lines."""
    with psycopg.connect(stack.database_url) as connection:
        row = connection.execute(
            """
            SELECT (SELECT count(*) FROM ai_holds WHERE user_id = chats.user_id),
                   (SELECT sum(nano_usd) FROM ai_usage WHERE user_id = chats.user_id)
                   - (SELECT sum(nano_usd + own_nano_usd) FROM ai_days WHERE subject = chats.user_id)
            FROM chats WHERE id = %s
            """,
            [talk.chat],
        ).fetchone()
    return row == (0, 0)


async def test_the_beginning_is_summarised_once(asked_stack: Stack, standins: Standins) -> None:
    """Then the summary stands for it, until that does not fit: the next is made of it and of what came since."""
    name = SMALL[0]
    standins.scripts[name] = [Script(pieces=(SUMMARY,)), WORDS, WORDS, Script(pieces=("Still herons.",)), WORDS]
    herons = await talk(asked_stack, standins)
    said = await herons.ask("How many?", f"openrouter/{name}")
    assert said["assistant"]["status"] == "done"
    summary, answer = asked_of(standins, name)
    assert "heron 0:" in summary
    assert "Summarise the conversation" in summary
    assert SUMMARY in answer
    assert "heron 0:" not in answer
    assert answer.endswith("How many?")
    given = said["assistant"]["summarised"]
    assert given % 2 == 0
    assert f"heron {given // 2 - 1}:" in summary
    assert f"heron {given // 2}:" not in summary
    assert f"heron {given // 2 - 1}:" not in answer
    assert f"heron {given // 2}:" in answer
    assert said["assistant"]["left_out"] == 0
    started = await herons.started(said)
    assert (started["summarised"], "left_out" in started) == (given, False)
    costs = lines(asked_stack, herons)
    assert [each[0] for each in costs] == [f"openrouter/{name}"] * 2, "both are charged"
    assert all(cost > 0 for _, _, cost in costs)

    again = await herons.ask("Really?", f"openrouter/{name}")
    assert again["assistant"]["summarised"] == given
    assert len(asked_of(standins, name)) == 3, "the same part is not summarised twice"
    assert SUMMARY in asked_of(standins, name)[2]

    for number in range(12, 18):
        await herons.ask(f"heron {number}:{FILLER}", "openai/endless")
    later = await herons.ask("And now?", f"openrouter/{name}")
    assert later["assistant"]["summarised"] > given
    second = asked_of(standins, name)[3]
    assert SUMMARY in second
    assert "heron 0:" not in second
    assert "Still herons." in asked_of(standins, name)[4]
    whole = await herons.ask("Everything?", "openai/endless")
    assert (whole["assistant"]["summarised"], whole["assistant"]["left_out"]) == (0, 0)
    assert "heron 0:" in asked_of(standins, "endless")[-1], "who has room gets all of it"
    assert is_balanced(asked_stack, herons)


@pytest.mark.parametrize(
    ("name", "trouble"),
    [(SMALL[1], BROKEN), (SMALL[2], Script(tokens=1_000, pause=0.1)), (SMALL[3], Script(pieces=("x " * 6_000,)))],
    ids=["refused", "slow", "endless"],
)
async def test_without_a_summary_it_is_cut(asked_stack: Stack, standins: Standins, name: str, trouble: Script) -> None:
    """Where the summary fails, takes too long, or is no shorter: the answer says how many messages are missing."""
    standins.scripts[name] = [trouble, WORDS]
    herons = await talk(asked_stack, standins)
    said = await herons.ask("How many?", f"openrouter/{name}")
    assert said["assistant"]["status"] == "done"
    left_out = said["assistant"]["left_out"]
    assert left_out > 0
    assert said["assistant"]["summarised"] == 0
    answer = asked_of(standins, name)[-1]
    assert f"heron {left_out // 2}:" in answer
    assert f"heron {left_out // 2 - 1}:" not in answer
    started = await herons.started(said)
    assert (started["left_out"], "summarised" in started) == (left_out, False)
    assert is_balanced(asked_stack, herons)


async def test_own_keys_pay_for_summaries(asked_stack: Stack, standins: Standins) -> None:
    """Who asks with a key of their own has it summarised by that key, too."""
    name = SMALL[4]
    standins.scripts[name] = [Script(pieces=(SUMMARY,)), WORDS]
    herons = await talk(asked_stack, standins)
    await herons.person.ok("POST", "/api/ai/keys", {"openrouter": "sk-or-of-somebody-else"})
    await herons.ask("How many?", f"openrouter/{name}")
    keys = {asked.headers["authorization"] for asked in questions(standins, name)}
    assert (len(asked_of(standins, name)), keys) == (2, {"Bearer sk-or-of-somebody-else"})
    assert [own for _, own, _ in lines(asked_stack, herons)] == [True, True]
    assert is_balanced(asked_stack, herons)


async def test_what_is_left_must_pay_for_both(asked_stack: Stack, standins: Standins) -> None:
    """Who has enough left for the answer, and not for a summary, gets the answer; the budget holds."""
    name = SMALL[5]
    standins.scripts[name] = WORDS
    herons = await talk(asked_stack, standins)
    with psycopg.connect(asked_stack.database_url) as connection:
        # 8,192 tokens of output at 2 USD a million, and the history at 1: some 0.022 USD.
        connection.execute(
            """
            UPDATE ai_days SET nano_usd = 200::bigint * 1000000000 - 23000000
            WHERE subject = (SELECT user_id FROM chats WHERE id = %s)
            """,
            [herons.chat],
        )
    said = await herons.ask("How many?", f"openrouter/{name}")
    assert said["assistant"]["status"] == "done", said["assistant"]
    assert (said["assistant"]["summarised"], said["assistant"]["left_out"] > 0) == (0, True)
    assert len(asked_of(standins, name)) == 1


async def test_cancelling_a_summary(asked_stack: Stack, standins: Standins) -> None:
    """Closes the provider's connection; it is charged, and the answer is cancelled without a word."""
    name = SMALL[6]
    standins.scripts[name] = Script(tokens=1_000, pause=0.02)
    herons = await talk(asked_stack, standins)
    path = f"/api/chats/{herons.chat}/messages"
    said = await herons.person.ok(
        "POST", path, {"content": "How many?", "model": f"openrouter/{name}", "stream": True}, 202
    )
    (asked,) = await asked_for(standins, name)
    await wait_until(lambda: asked.sent, "the first token of the summary")
    await herons.person.ok("POST", f"{path}/{said['assistant']['id']}/cancel", status=200)
    reading = await herons.person.heard(said["stream_id"])
    assert [each["event"] for each in reading.records] == ["ai.done"]
    assert (reading.done or {})["status"] == "cancelled"
    await wait_until(lambda: asked.closed_at, "the end of the provider's connection")
    assert [cost > 0 for _, _, cost in lines(asked_stack, herons)] == [True], "nobody was asked for the answer"
    assert is_balanced(asked_stack, herons)


async def test_a_summary_reaches_further_than_the_history(asked_stack: Stack, standins: Standins) -> None:
    """Of a long chat the latest 200 messages are read; a summary says what was before, whoever has the room."""
    herons = await talk(asked_stack, standins, 1, "")
    with psycopg.connect(asked_stack.database_url) as connection:
        connection.execute(ADD_MESSAGES.replace(":chat", f"'{herons.chat}'").encode())
        connection.execute(
            """
            INSERT INTO chat_summaries (message_id, text, model, left_out)
            SELECT id, %(text)s, 'a/b', 0 FROM chat_messages WHERE chat_id = %(chat)s AND depth = 150
            """,
            {"chat": herons.chat, "text": SUMMARY},
        )
        last = connection.execute(
            "SELECT id FROM chat_messages WHERE chat_id = %s AND depth = 300", [herons.chat]
        ).fetchone()
    assert last is not None
    said = await herons.person.say(herons.chat, "How many?", model="openai/endless", parent_id=str(last[0]))
    sent = asked_of(standins, "endless")[-1]
    assert (said["assistant"]["summarised"], said["assistant"]["left_out"]) == (150, 0)
    assert SUMMARY in sent
    assert "message 151." in sent
    assert "message 149." not in sent


async def test_the_demonstration_summarises_nothing(asked_stack: Stack, standins: Standins) -> None:
    """It is no model; what is too long for it is cut."""
    herons = await talk(asked_stack, standins, 4, " heron" * 15_000)
    said = await herons.ask("How many?", "demo/echo")
    assert said["assistant"]["status"] == "done"
    assert (said["assistant"]["summarised"], said["assistant"]["left_out"] > 0) == (0, True)
