"""Who types into a document while a store is away: words wait, but not for ever, and those that came have an author."""

import asyncio
from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec
import pytest

from rooms.slices import Turns, at_once
from rooms.typist import Typist, aim
from schemas.documents import DocumentName
from schemas.ids import new_id
from schemas.streams import EditPlan
from store.document_library import load
from store.document_log import DocumentLog
from store.errors import StoreUnavailable
from store.lane import Lane
from store.postgres import open_pool
from store.redis import connect
from tests.support.stack import Stack
from workers.ai.hand import Hand
from workers.ai.pulse import Pulse

CLIENT = 4711
PATIENCE = 0.5


async def test_a_store_that_stays_away(stack: Stack, tmp_path: Path) -> None:
    """What was typed by then stays, under its author's name; the hand gives up, and types nothing any more."""
    token = stack.guest()
    name = DocumentName(f"{stack.project(token)}/a.txt")
    door = tmp_path / "redis"
    door.symlink_to(unquote(urlsplit(stack.redis_url).path))
    redis, lane = connect(f"unix://{door}?db=0"), Lane(f"unix://{door}?db=0", "append")
    async with open_pool(stack.database_url) as postgres:
        log = DocumentLog(redis, lane, b"handtest", follows=False)
        target = at_once(aim(await load(postgres, log, name), None, None))
        stream_id = new_id()
        plan = EditPlan(name, CLIENT, msgspec.Raw(msgspec.json.encode(target)))
        hand = Hand(postgres, log, Turns(), Pulse(lambda: 0.0), plan, stream_id, "demo/echo", PATIENCE)
        typing = asyncio.create_task(hand.run())
        hand.say("Hello world ")
        async with asyncio.timeout(30.0):
            while not (commits := await log.read(name, 0)):  # noqa: ASYNC110  the log announces to gateways only
                await asyncio.sleep(0.02)
        door.unlink()
        await lane.close()
        await redis.connection_pool.disconnect()
        hand.say("and more ")
        with pytest.raises(StoreUnavailable):
            await asyncio.wait_for(typing, 30.0)
        door.symlink_to(unquote(urlsplit(stack.redis_url).path))
        assert await log.read(name, 0) == commits
    records = [record for commit in commits for record in commit.records]
    assert [(record.author, record.update) for record in records] == [
        (stream_id.bytes, Typist(CLIENT, target).type("Hello world "))
    ]
    await lane.close()
    await redis.aclose(close_connection_pool=True)
