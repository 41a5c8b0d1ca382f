"""Documents' paths: slashes, any Unicode, and what is refused."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.clients.peer import Peer
from tests.clients.project import Project
from tests.clients.raw import raw_client

pytestmark = pytest.mark.js

UNUSUAL = [
    "chapters/1/scenes/2",
    "with space/and  two",
    "Příliš žluťoučký kůň/日本語/עברית",
    "👩‍👩‍👧‍👦/🐎",
    "100%/%41/%2F/%2e%2e",
    "a+b=c&d?e#f",
    "..hidden/...",
    "semi;colon:at@comma,quote'\"<>|\\`{}[]^~",
]


@pytest.mark.parametrize("path", UNUSUAL)
async def test_an_unusual_path(project: Project, ann: Peer, bob: Peer, path: str) -> None:
    """A path names the same document in both dialects, percent-encoded in a URL and as it is in a message."""
    by_url = await (await ann.open("url", **project.y_websocket(path, gateway=0))).synced()
    by_message = await (await bob.open("message", **project.hocuspocus(path, gateway=1))).synced()
    await by_url.insert(0, path)
    await by_message.see("text", equals=path)


async def test_similar_paths_are_different_documents(project: Project, ann: Peer) -> None:
    """`a%2Fb` decoded once is `a/b`, and nothing is decoded twice, folded or trimmed."""
    paths = ["a/b", "a%2Fb", "A/b", "a/b ", "á", "a\N{COMBINING ACUTE ACCENT}"]
    for path in paths:
        session = await (await ann.open(path, **project.y_websocket(path))).synced()
        await session.insert(0, f"<{path}>")
    for path in paths:
        session = await (await ann.open(f"again {path}", **project.hocuspocus(path, gateway=1))).synced()
        await session.see("text", equals=f"<{path}>")


@pytest.mark.parametrize("path", ["a/../b", "../b", "a/..", "a\0b", ""])
async def test_a_refused_path(project: Project, ann: Peer, path: str) -> None:
    """A path that climbs, holds NUL or is empty opens nothing in either dialect, and is refused with a reason."""
    good = await (await ann.open("good", **project.hocuspocus("good", socket="one"))).synced()
    refused = await ann.open("refused", **project.hocuspocus(path, socket="one"))
    await refused.see("refused", equals=True)
    assert ["synced"] not in await refused.see("events")
    await good.insert(0, "unharmed")
    await good.see("unsynced", equals=False)

    async with raw_client(f"{project.collab()}/{quote(path, safe='')}?token={project.tokens['editor']}") as raw:
        code, reason = await raw.closed()
    assert code == 4400
    assert "path" in reason or "name" in reason, reason
