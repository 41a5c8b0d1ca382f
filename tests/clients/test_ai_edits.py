"""A model types into a document while two stock clients type around it: 200 seeded interleavings, then an undo.

People type Chinese characters, each once, and the model answers in ASCII: so what is whose is seen in the text.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.clients.peer import Session, node_peer
from tests.clients.project import create_project
from tests.clients.test_interleavings import Batch, Interleaving
from tests.support.stack import Stack

pytestmark = pytest.mark.js

SEEDS = 200
BATCHES = 4
AT_ONCE = 10
ENDED_WITHIN = 60.0


@pytest.fixture
async def batch(stack: Stack) -> AsyncIterator[Batch]:
    """An empty batch."""
    project = await create_project(stack.urls)
    headers = {"Authorization": f"Bearer {project.access_token}"}
    async with node_peer() as peer, aiohttp.ClientSession(headers=headers, raise_for_status=True) as http:
        yield Batch(project, http, peer)


@pytest.mark.parametrize("number", range(BATCHES))
async def test_people_type_around_a_model(batch: Batch, number: int) -> None:
    """[T11] What people and the model typed is there once; an undo removes the model's part and nothing else."""
    lanes = asyncio.Semaphore(AT_ONCE)

    async def one(seed: int) -> None:
        async with lanes:
            try:
                await AroundModel(batch, seed).run()
            except Exception as error:
                error.add_note(f"seed {seed}")
                raise

    async with asyncio.TaskGroup() as group:
        for seed in range(number, SEEDS, BATCHES):
            group.create_task(one(seed))


class AroundModel(Interleaving):
    """One seed: a document, two typists, and a model."""

    async def rewrite(self, typing: list[asyncio.Task[Any]]) -> None:
        """Let the model write, and stop it sometimes."""
        await asyncio.sleep(self.chance.random() / 10)
        text, etag = await self.read()
        self.replaced = ""
        body: dict[str, Any] = {"path": self.path, "instruction": "Write on."}
        if self.chance.random() < 0.7:
            start, end = sorted(self.chance.choices(range(len(text) + 1), k=2))
            if self.chance.random() < 0.5:
                end = start
            self.replaced = text[start:end]
            units = [len(text[:at].encode("utf-16-le")) // 2 for at in (start, end)]
            body["selection"] = {"start": units[0], "end": units[1]}
        headers = {"If-Match": f'"{etag}"'}
        async with self.batch.http.post(self.project_url("ai/edit"), json=body, headers=headers) as answer:
            self.stream = (await answer.json())["stream_id"]
        if self.chance.random() < 0.3:
            await asyncio.sleep(self.chance.random())
            await self.post(f"{self.gateway()}/api/ai/stream/{self.stream}/cancel")
        deadline = time.monotonic() + ENDED_WITHIN
        while (stream := await self.show())["status"] in ("queued", "running"):
            assert time.monotonic() < deadline, stream
            await asyncio.sleep(0.1)
        self.answer = stream["text"]
        assert stream["status"] in ("done", "cancelled"), stream

    async def check(self, typists: list[Session], wanted: set[str]) -> None:
        """Both replicas and REST agree; then all that the model wrote is taken back."""
        text = await self.settled(typists)
        there = [each for each in text if not each.isascii()]
        assert len(there) == len(set(there)), "something is there twice"
        missing = wanted - set(there) - set(self.replaced)
        assert not missing, f"{missing} of {text!r}"
        assert set(there) <= wanted, f"{set(there) - wanted} came back"
        model = "".join(each for each in text if each.isascii())
        assert is_part(model, self.answer), f"{model!r} is not what was answered: {self.answer!r}"
        for _ in range(2):  # the second one changes nothing
            await self.post(self.project_url(f"ai/edits/{self.stream}/undo"))
        undone = await self.settled(typists)
        assert undone != text or not self.answer
        left = [each for each in undone if not each.isascii()]
        assert len(left) == len(undone), f"something of the model is left: {undone!r}"
        assert len(left) == len(set(left)), "something is there twice"
        assert wanted <= set(left), f"{wanted - set(left)} is gone"
        assert set(left) - wanted <= set(self.replaced), "more came back than was replaced"
        for session in typists:
            await session.do("destroy")

    async def settled(self, typists: list[Session]) -> str:
        """What REST reads, and both see."""
        deadline = time.monotonic() + ENDED_WITHIN
        while True:
            texts = [(await self.read())[0], *[await typist.text() for typist in typists]]
            if len(set(texts)) == 1:
                return texts[0]
            assert time.monotonic() < deadline, texts
            await asyncio.sleep(0.05)

    async def show(self) -> Any:
        async with self.batch.http.get(f"{self.gateway()}/api/ai/streams/{self.stream}") as answer:
            return await answer.json()

    async def post(self, url: str) -> None:
        async with self.batch.http.post(url) as answer:
            await answer.read()

    def project_url(self, path: str) -> str:
        return f"{self.gateway()}/api/projects/{self.batch.project.id}/{path}"


def is_part(some: str, whole: str) -> bool:
    """Whether `some` is `whole` with characters left out: people deleted them."""
    rest = iter(whole)
    return all(each in rest for each in some)


def test_is_part() -> None:
    """The measure itself."""
    assert is_part("ace", "abcde")
    assert not is_part("eca", "abcde")
