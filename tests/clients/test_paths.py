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
    "semi;colon:at@comma,quote'\"<>|`{}[]^~",
]

REFUSED = ["a/../b", "../b", "a/..", "a/./b", "a//b", "a/", "/a", "a\\b", "x" * 256, "x/" * 512 + "y", ""]
"""In both dialects. NUL is no part of a path in Hocuspocus: there it stands before a session id."""


async def test_unusual_paths(project: Project, ann: Peer, bob: Peer) -> None:
    """[N1, N2] A path names one document in both dialects, percent-encoded in a URL and as it is in a message."""
    for path in UNUSUAL:
        by_url = await (await ann.open(path, **project.y_websocket(path, gateway=0))).synced()
        by_message = await (await bob.open(path, **project.hocuspocus(path, gateway=1, socket="one"))).synced()
        await by_url.insert(0, path)
        await by_message.see("text", equals=path)


async def test_similar_paths_are_different_documents(project: Project, ann: Peer) -> None:
    """Nothing is decoded twice, folded or trimmed: paths that look alike stay apart."""
    paths = ["a/b", "a%2Fb", "A/b", "a/b ", "a+b", "a b", "á", "a "]
    for path in paths:
        session = await (await ann.open(path, **project.y_websocket(path))).synced()
        await session.insert(0, f"<{path}>")
    for path in paths:
        session = await (await ann.open(f"again {path}", **project.hocuspocus(path, gateway=1))).synced()
        await session.see("text", equals=f"<{path}>")


async def test_both_ways_to_write_an_accent(project: Project, ann: Peer, bob: Peer) -> None:
    """[N2] A path is compared in NFC: what one keyboard composes and another does not is one document."""
    composed = await (
        await ann.open("composed", **project.y_websocket("caf\N{LATIN SMALL LETTER E WITH ACUTE}"))
    ).synced()
    decomposed = await (await bob.open("decomposed", **project.hocuspocus("cafe\N{COMBINING ACUTE ACCENT}"))).synced()
    await composed.insert(0, "one")
    await decomposed.see("text", equals="one")


async def test_refused_paths_in_hocuspocus(project: Project, ann: Peer) -> None:
    """[N2, W2] A path that climbs or holds a control character is refused with a reason, and no other document is."""
    good = await (await ann.open("good", **project.hocuspocus("good", socket="one"))).synced()
    for path in [*REFUSED, "a\nb"]:
        refused = await ann.open(f"refused {path}", **project.hocuspocus(path, socket="one"))
        await refused.see("refused", equals=True)
        assert ["synced"] not in await refused.see("events")
    await good.insert(0, "unharmed")
    await good.see("unsynced", equals=False)
    assert await good.see("closes") == []


async def test_refused_paths_in_a_url(project: Project) -> None:
    """[N2, N4] The same in a URL, however it is encoded: accepted, then closed with 4400 and a reason."""
    for path in [*REFUSED, "a\0b"]:
        for encoded in {quote(path, safe=""), quote(path)}:
            async with raw_client(f"{project.collab()}/{encoded}?token={project.tokens['editor']}") as raw:
                code, reason = await raw.closed()
            assert code == 4400, encoded
            assert "path" in reason
