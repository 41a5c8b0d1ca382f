"""Who is asked when a provider fails: another one, before the first token; and who keeps failing is left alone."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from gateway.launch.settings import CHECKOUT
from loadtest.standins.dialect import WRONG_KEY, Refusal
from loadtest.standins.script import NEVER, Script
from loadtest.standins.server import DIALECTS, Standins
from tests.streams.conftest import FAULTS
from tests.streams.reader import Asker, Reading
from tests.streams.upstreams import asker, questions
from tests.support.stack import Stack
from tests.support.waiting import wait_until

BROKEN: dict[str, Script] = {
    "rate": Script(refuse="rate"),
    "overloaded": Script(refuse="overloaded"),
    "broken": Script(refuse="broken"),
    "late": Script(late=NEVER),
    "stall": Script(fault="stall"),
    "alive": Script(fault="alive"),
    "error": Script(fault="error"),
    "reset": Script(fault="reset"),
    "torn": Script(fault="torn"),
}
WELL = Script(tokens=6)


async def answer(asker: Asker, model: str) -> Reading:
    """All of an answer by this model."""
    async with asker.ask(prompt="Hello", model=model) as events:
        return await events.to_end()


@pytest.mark.parametrize("fault", FAULTS)
async def test_another_provider_answers(fault: str, someone: Asker, standins: Standins) -> None:
    """Whatever goes wrong before the first token, the same model elsewhere answers, and the reader learns why."""
    standins.scripts[f"first-{fault}"] = BROKEN[fault]
    standins.scripts[f"openai/first-{fault}"] = WELL
    reading = await answer(someone, f"openai/first-{fault}")
    assert (reading.done or {})["status"] == "done", reading.done
    assert reading.text.split() == [str(number) for number in range(6)]
    started = [each["data"] for each in reading.records if each["event"] == "ai.started"]
    assert [each["model"] for each in started] == [f"openrouter/openai/first-{fault}"]
    assert "The same model as" in started[0]["why"]
    assert [each for each in questions(standins, f"first-{fault}") if each.dialect == "openai"]


async def test_auto_goes_on_elsewhere(asked_stack: Stack, someone: Asker, standins: Standins) -> None:
    """`auto` asks the next that it thinks good when its choice fails."""
    for model in ("gpt-6-luna", "claude-haiku-5-5"):
        standins.scripts[model] = Script(refuse="broken")
    standins.scripts["gemini-3.8-flash"] = WELL
    readings = await asyncio.gather(*(answer(someone, "auto") for _ in range(6)))
    assert {(each.done or {})["status"] for each in readings} == {"done"}
    assert not {"openai/gpt-6-luna", "anthropic/claude-haiku-5-5"} & {
        each.records[0]["data"]["model"] for each in readings
    }
    assert all(each.records[0]["data"]["why"] for each in readings)
    ids = {each.stream_id: each.records[0]["data"]["model"] for each in readings}
    ends = await wait_until(lambda: found if len(found := ends_of(asked_stack, ids)) == len(ids) else None, "the log")
    for stream, end in ends.items():
        assert end["model"] == ids[stream], "who answered"
        assert "/" in end["chosen"], "and who was to"
        assert 0 < end["propensity"] <= 1


def ends_of(stack: Stack, ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """What the AI worker logged of the ends of these streams."""
    lines = [json.loads(line) for line in stack.logs("ai-1").splitlines() if '"stream ended"' in line]
    return {line["stream"]: line for line in lines if line["stream"] in ids}


async def test_nobody_answers(someone: Asker, standins: Standins) -> None:
    """Then the stream fails, without a word, and says why."""
    standins.scripts["none-at-all"] = Script(fault="error")
    reading = await answer(someone, "gemini/none-at-all")
    assert reading.done is not None
    assert (reading.done["status"], reading.done["error"]["kind"]) == ("failed", "overloaded")
    assert [each["event"] for each in reading.records] == ["ai.done"]


async def test_when_to_come_again(someone: Asker, standins: Standins, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that wants a long wait is not waited for; the reader hears how long."""
    body = DIALECTS["openai"].refusals["rate"].body
    monkeypatch.setitem(DIALECTS["openai"].refusals, "rate", Refusal(429, body, {"retry-after": "60"}))
    standins.scripts["later"] = Script(refuse="rate")
    reading = await answer(someone, "openai/later")
    assert reading.done is not None
    assert (reading.done["status"], reading.done["error"]["kind"]) == ("failed", "rate")
    assert reading.done["error"]["retry_after"] == 60
    assert len(questions(standins, "later")) == 1


async def test_a_wrong_key_is_its_owner_s(asked_stack: Stack, someone: Asker, standins: Standins) -> None:
    """However often somebody's own key is refused, others are answered."""
    owner = asker(asked_stack)
    status, _ = await owner.call("POST", "/api/ai/keys", {"anthropic": f"sk-ant-{WRONG_KEY}-canary-0815"})
    assert status in (200, 201)
    standins.scripts["mine"] = WELL
    for _ in range(6):
        reading = await answer(owner, "anthropic/mine")
        assert reading.done is not None
        assert reading.done["error"]["kind"] == "authentication"
        assert WRONG_KEY not in str(reading.done)
    assert (await answer(someone, "anthropic/mine")).text.split() == [str(number) for number in range(6)]


async def test_workers_share_what_they_learn(asked_stack: Stack, someone: Asker, standins: Standins) -> None:
    """What failed for one worker is left alone by all of them, and answers at once that it is."""
    model = "always-broken"
    standins.scripts[model] = Script(refuse="broken")
    with another_worker(asked_stack):
        # Until the second one takes streams too.
        await wait_until_both(asked_stack, someone)
        await asyncio.gather(*(answer(someone, f"cohere/{model}") for _ in range(4)))

        async def left_alone() -> bool:
            before = len(questions(standins, model))
            readings = await asyncio.gather(*(answer(someone, f"cohere/{model}") for _ in range(4)))
            kinds = {(each.done or {})["error"]["kind"] for each in readings}
            names = workers_of(asked_stack, [each.stream_id for each in readings])
            return len(questions(standins, model)) == before and kinds == {"overloaded"} and len(names) == 2

        async with asyncio.timeout(30):
            while not await left_alone():
                pass


async def wait_until_both(stack: Stack, someone: Asker) -> None:
    """Until streams are answered by two workers."""
    async with asyncio.timeout(30):
        while True:
            readings = await asyncio.gather(*(answer(someone, "demo/echo") for _ in range(4)))
            if len(workers_of(stack, [each.stream_id for each in readings])) == 2:
                return


def workers_of(stack: Stack, stream_ids: list[str]) -> set[str]:
    """Who answered these."""
    with psycopg.connect(stack.database_url) as connection:
        rows = connection.execute("SELECT worker FROM streams WHERE id = ANY(%s)", [stream_ids]).fetchall()
    return {str(name) for (name,) in rows}


@contextlib.contextmanager
def another_worker(stack: Stack) -> Iterator[None]:
    """A second AI worker, as `replicas` of a container would be: with the environment of the first."""
    pairs = (each.partition(b"=") for each in Path(f"/proc/{stack.pid('ai-1')}/environ").read_bytes().split(b"\0"))
    environment = {os.fsdecode(name): os.fsdecode(value) for name, _, value in pairs if name}
    with (stack.home / "logs" / "ai-2.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "workers", "ai"],
            cwd=CHECKOUT, env=environment | {"ATRIUM_NAME": "ai-2"}, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            yield
        finally:
            process.terminate()
            assert process.wait(15) == 0
