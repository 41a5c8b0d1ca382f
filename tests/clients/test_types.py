"""Everything that a Yjs document may hold, not only text, crosses dialects and gateways as it is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients.peer import Peer, Session, all_see
from tests.clients.project import Project

pytestmark = pytest.mark.js


@pytest.fixture
async def pair(project: Project, ann: Peer, bob: Peer) -> tuple[Session, Session]:
    """Two editors of one document: y-websocket in one gateway, Hocuspocus in the other."""
    return (
        await (await ann.open("ann", **project.y_websocket(gateway=0))).synced(),
        await (await bob.open("bob", **project.hocuspocus(gateway=1))).synced(),
    )


async def test_formatted_text(pair: tuple[Session, Session]) -> None:
    """Bold, links and embedded objects arrive with the text that they belong to."""
    ann, bob = pair
    await ann.insert(0, "plain bold")
    await bob.see("text", equals="plain bold")
    await bob.do("format", at=6, length=4, attributes={"bold": True})
    await ann.do("embed", at=0, value={"image": "cat.png"})
    expected: list[dict[str, Any]] = [
        {"insert": {"image": "cat.png"}},
        {"insert": "plain "},
        {"insert": "bold", "attributes": {"bold": True}},
    ]
    await all_see(pair, "delta", equals=expected)


async def test_maps_and_arrays(pair: tuple[Session, Session]) -> None:
    """Nested maps, arrays, texts, numbers, bytes and null keep their kinds, and deletions arrive."""
    ann, bob = pair
    value = {
        "$map": {
            "list": {"$array": [1, 2.5, -(2**40), True, None, "ž🐎", {"plain": ["json"]}]},
            "bytes": {"$bytes": "AAEC/w=="},
            "text": {"$text": "inside"},
        }
    }
    await ann.do("mapSet", root="settings", key="deep", value=value)
    await ann.do("mapSet", root="settings", key="gone", value=1)
    await bob.do("arrayInsert", root="items", at=0, values=["a", "b", "c"])
    await ann.see("array", root="items", equals=["a", "b", "c"])
    await ann.do("arrayDelete", root="items", at=1)
    await ann.do("mapDelete", root="settings", key="gone")
    seen = {
        "deep": {
            "bytes": {"$bytes": "AAEC/w=="},
            "list": [1, 2.5, -(2**40), True, None, "ž🐎", {"plain": ["json"]}],
            "text": {"$text": "inside"},
        }
    }
    await all_see(pair, "map", root="settings", equals=seen)
    await all_see(pair, "array", root="items", equals=["a", "c"])


async def test_xml(pair: tuple[Session, Session]) -> None:
    """What ProseMirror and Tiptap write, an XML fragment with attributes, is the same for everyone."""
    ann, bob = pair
    paragraph = {"name": "paragraph", "attributes": {"align": "left"}, "children": ["words"]}
    await ann.do("xmlInsert", root="prosemirror", at=0, element=paragraph)
    await bob.see("xml", root="prosemirror", equals='<paragraph align="left">words</paragraph>')
    await bob.do("xmlInsert", root="prosemirror", at=1, element={"name": "rule"})
    await all_see(pair, "xml", root="prosemirror", equals='<paragraph align="left">words</paragraph><rule></rule>')


async def test_undo_takes_back_only_ones_own(pair: tuple[Session, Session]) -> None:
    """An undo manager undoes its own user's edits between those of others, and redoes them."""
    ann, bob = pair
    await ann.do("undoTrack")
    await ann.insert(0, "mine")
    await bob.see("text", equals="mine")
    await bob.insert(4, " and yours")
    await ann.see("text", equals="mine and yours")
    await ann.do("undo")
    await all_see(pair, "text", equals=" and yours")
    await ann.do("redo")
    await all_see(pair, "text", equals="mine and yours")


async def test_subdocuments(project: Project, pair: tuple[Session, Session]) -> None:
    """A subdocument's guid reaches the others, who open it as a document of its own."""
    ann, bob = pair
    await ann.do("mapSet", root="chapters", key="one", value={"$subdocument": "chapter-1"})
    await all_see(pair, "subdocuments", equals=["chapter-1"])
    child = {"map": "chapters", "key": "one"}
    here = project.y_websocket("chapter-1", subdocument={"session": "ann", **child})
    there = project.hocuspocus("chapter-1", gateway=1, subdocument={"session": "bob", **child})
    writer = await (await ann.peer.open("ann's chapter", **here)).synced()
    reader = await (await bob.peer.open("bob's chapter", **there)).synced()
    await writer.insert(0, "It was a dark and stormy night")
    await reader.see("text", equals="It was a dark and stormy night")
    assert await ann.text() == ""
