""" "Saved" means saved: what clients are told while the log cannot take anything."""

from __future__ import annotations

import asyncio

import pytest

from tests.clients.peer import Peer, all_see
from tests.clients.project import create_project
from tests.clients.raw import STEP_1, raw_client, text_update, update_message
from tests.conftest import MakeStack

pytestmark = pytest.mark.js

WATCHED_SECONDS = 2.0
"""How long nothing may be called saved: a commit takes some milliseconds."""


async def test_nothing_is_saved_before_the_log_has_it(own_stack: MakeStack, ann: Peer, bob: Peer) -> None:
    """While Valkey hangs, edits reach the others and nobody is told "saved"; when it goes on, everybody is."""
    stack = await asyncio.to_thread(own_stack, gateways=1)
    project = await create_project(stack.urls)
    writer = await (await ann.open("writer", **project.hocuspocus())).synced()
    reader = await (await bob.open("reader", **project.y_websocket())).synced()
    await writer.see("unsynced", equals=False)
    async with raw_client(f"{project.collab()}/main?token={project.tokens['editor']}&acks=1") as raw:
        await raw.send(STEP_1)
        await raw.receive(b"\x00\x01")
        stack.pause("valkey")
        try:
            await writer.insert(0, "typed")
            await raw.send(update_message(text_update(4711, 0, "sent")))
            await all_see([writer, reader], "length", equals=len("typed") + len("sent"))
            acknowledged = asyncio.create_task(raw.receive(b"\x7f"))
            saved = asyncio.create_task(writer.see("unsynced", equals=False))
            done, _ = await asyncio.wait((acknowledged, saved), timeout=WATCHED_SECONDS)
            assert not done
        finally:
            stack.resume("valkey")
        assert await acknowledged == b"\x7f\x01"
        await saved
