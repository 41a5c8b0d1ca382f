"""Moments of opening and following that no fault hits reliably: the same code, over stores that wait for the test."""

import asyncio
from collections.abc import Sequence

import pytest

from rooms import open_documents
from rooms.committer import Committer
from rooms.figures import Figures
from rooms.open_documents import OpenDocuments
from rooms.presence_relay import PresenceRelay
from rooms.slices import at_once
from schemas.documents import DocumentName
from schemas.records import Commit, Loaded, Record
from tests.support.waiting import wait_until

NAME = DocumentName("project/path")
EMPTY = Record(b"", 0, b"\x00\x00")


class Stores:
    """A log and a library in one, whose log answers only while `answering` is set."""

    def __init__(self) -> None:
        self.answering = asyncio.Event()
        self.asked = 0
        self.number = 0
        self.follows = 0

    async def numbers(self, names: Sequence[DocumentName]) -> list[int | None]:
        self.asked += 1
        await self.answering.wait()
        return [self.number for _ in names]

    async def read(self, name: DocumentName, after: int) -> Sequence[Commit]:
        return []

    async def append(self, batch: Sequence[object]) -> list[int | None]:
        self.number += len(batch)
        return [self.number for _ in batch]

    async def restore(self, name: DocumentName, known: int, record: Record) -> int:
        raise AssertionError("nothing was lost")

    async def announce_presence(self, batch: Sequence[tuple[DocumentName, bytes]]) -> None:
        pass

    async def load(self, name: DocumentName) -> Loaded:
        return Loaded(self.number, b"", ())

    async def follow(self, name: DocumentName) -> None:
        self.follows += 1

    async def unfollow(self, name: DocumentName) -> None:
        self.follows -= 1


def made(stores: Stores) -> OpenDocuments:
    figures = Figures()
    relay = PresenceRelay(stores.announce_presence, asyncio.get_running_loop(), figures)
    return OpenDocuments(stores, stores, Committer(stores, figures), relay, figures)


async def test_document_is_not_unloaded_while_somebody_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A document whose opening takes longer than idle ones stay open is the one document of its name afterwards."""
    monkeypatch.setattr(open_documents, "UNLOAD_AFTER", -1.0)
    stores = Stores()
    documents = made(stores)
    opening = asyncio.create_task(documents.open(NAME))
    await wait_until(lambda: stores.asked, "the last step of opening")
    await documents.tidy()
    stores.answering.set()
    document = await opening
    assert await documents.open(NAME) is document
    assert stores.follows == 1


async def test_nothing_is_waited_for_after_a_log_began_anew() -> None:
    """Records that waited for a gap are settled when the document is read anew: it does not look for ever."""
    stores = Stores()
    stores.answering.set()
    documents = made(stores)
    document = await documents.open(NAME)
    documents.hear_commit(NAME, Commit(5, (EMPTY,)), 5, 5)
    assert document.is_behind
    at_once(document.rejoin(Loaded(10, b"", ())))
    assert not document.is_behind
