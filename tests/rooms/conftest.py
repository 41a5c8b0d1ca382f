"""A document with a committer that the test drives."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

import pytest

from rooms.document import Document
from rooms.figures import Figures
from rooms.presence_relay import PresenceRelay
from rooms.replica import Replica
from schemas.documents import DocumentName
from tests.rooms.twins import NAME, Shelf


async def unheard(batch: Sequence[tuple[DocumentName, bytes]]) -> None:
    """Nobody else is there."""


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
async def document(shelf: Shelf) -> Document:
    loop, figures = asyncio.get_running_loop(), Figures()
    return Document(
        NAME,
        Replica(),
        0,
        loop=loop,
        committer=shelf,
        relay=PresenceRelay(unheard, loop, figures),
        figures=figures,
    )


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """For limits that are impractical to reach: the real class, with a smaller number."""
    yield monkeypatch
