"""Trimming never takes what an opener still needs: openers in a loop while a busy document is snapshotted all the time.

Opening and snapshotting run here, in the test's process, on the real servers, because there they can be made to meet.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pycrdt import Doc, Text

from schemas.documents import DocumentName
from schemas.records import Loaded
from store.document_library import load
from store.document_log import DocumentLog
from store.lane import Lane
from store.postgres import Postgres, open_pool
from store.redis import connect
from tests.faults.stores import snapshots_made
from tests.support.raw_client import RawClient
from tests.support.stack import Stack
from tests.support.waiting import wait_until
from tests.support.writers import Writers
from workers.snapshot_document import snapshot_document
from workers.sweep import SNAPSHOT_AFTER

OPENERS = 4
ROUNDS = 150
"""Times that each opener opens: some seconds."""


@asynccontextmanager
async def stores(stack: Stack) -> AsyncIterator[tuple[Postgres, DocumentLog]]:
    """What a worker has."""
    redis, commits = connect(stack.redis_url), Lane(stack.redis_url, "append")
    async with open_pool(stack.database_url) as postgres:
        yield postgres, DocumentLog(redis, commits, b"observer", follows=False)
    await commits.close()
    await redis.aclose(close_connection_pool=True)


async def test_trimming_leaves_what_an_opener_needs(atrium: Stack) -> None:
    """[D4] An opener finds every edit that was acknowledged before it began, whatever was snapshotted meanwhile."""
    async with Writers(atrium, documents=1, each=3, pace=0.01) as writers, stores(atrium) as (postgres, log):
        name = DocumentName(writers.project.name(writers.paths[0]))
        await writers.progress()
        openers = asyncio.gather(*(open_often(postgres, log, name, writers.clients) for _ in range(OPENERS)))
        while not openers.done():
            await snapshot_document(postgres, log, name)
        await openers
        assert snapshots_made(atrium, name) > ROUNDS / 10, "too few for this test to say anything"
        await writers.check()


async def test_busy_document_is_snapshotted_now_and_then(atrium: Stack) -> None:
    """However busy a document is, seconds pass between two of its snapshots."""
    async with Writers(atrium, documents=1, each=6, pace=0.01) as writers:
        name = DocumentName(writers.project.name(writers.paths[0]))
        await wait_until(lambda: snapshots_made(atrium, name) >= 1, "the first snapshot")
        began = time.monotonic()
        await wait_until(lambda: snapshots_made(atrium, name) >= 3, "two more snapshots")
        assert time.monotonic() - began > SNAPSHOT_AFTER
        await writers.check()


async def open_often(postgres: Postgres, log: DocumentLog, name: DocumentName, writers: list[RawClient]) -> None:
    for _ in range(ROUNDS):
        expected = {token for writer in writers for token in writer.acknowledged_tokens[-50:]}
        expected |= {writer.tokens[0] for writer in writers}
        text = text_of(await load(postgres, log, name))
        missing = {token for token in expected if text.count(token) != 1}
        assert not missing, f"acknowledged, but missing or doubled: {sorted(missing)[:5]}"
        await asyncio.sleep(0)


def text_of(loaded: Loaded) -> str:
    """The text that a gateway would show."""
    doc: Doc[Text] = Doc()
    if loaded.state:
        doc.apply_update(loaded.state)
    for commit in loaded.tail:
        for record in commit.records:
            doc.apply_update(record.update)
    return str(doc.get("content", type=Text))
