"""Fixtures of the hostile tests: a project, and two honest clients that type while somebody attacks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.clients.peer import Session, all_see, node_peer
from tests.clients.project import Project, create_project
from tests.hostile.attacker import Dialect, Hocuspocus, YWebsocket
from tests.support.stack import Stack
from tests.support.waiting import wait_until


class Honest:
    """Two stock clients of different dialects in one document, typing until they are told to stop."""

    def __init__(self, project: Project, sessions: list[Session]) -> None:
        self.project = project
        self.sessions = sessions
        self.typed = 0

    async def type(self) -> None:
        """For ever."""
        while True:
            for session, letter in zip(self.sessions, "ab", strict=True):
                await session.insert(0, letter)
                self.typed += 1

    async def typed_more(self) -> None:
        """Until some more was typed: they are not held up."""
        goal = self.typed + 10
        await wait_until(lambda: self.typed >= goal, "honest clients to go on typing")

    async def end_equal(self) -> str:
        """All that they typed is there for both of them, and nothing else."""
        await all_see(self.sessions, "length", equals=self.typed)
        text = await self.sessions[0].text()
        await all_see(self.sessions, "text", equals=text)
        assert sorted(text) == sorted("ab" * (self.typed // 2) + "a" * (self.typed % 2))
        return text


@pytest.fixture
async def project(stack: Stack) -> Project:
    """A fresh project on the Atrium that all tests share."""
    return await create_project(stack.urls)


@pytest.fixture
async def honest(project: Project) -> AsyncIterator[Honest]:
    """They are in the document `main`, on the gateway that is attacked."""
    async with node_peer() as peer:
        sessions = [
            await (await peer.open("y", **project.y_websocket())).synced(),
            await (await peer.open("h", **project.hocuspocus())).synced(),
        ]
        both = Honest(project, sessions)
        typing = asyncio.create_task(both.type())
        try:
            yield both
        finally:
            typing.cancel()


@pytest.fixture(params=["y-websocket", "hocuspocus"])
def dialect(request: pytest.FixtureRequest, project: Project, stack: Stack) -> Dialect:
    """How the attacker gets into the same document as an editor."""
    speak = YWebsocket if request.param == "y-websocket" else Hocuspocus
    return speak(stack.ws_urls[0], f"{project.id}/main", project.tokens["editor"])
