"""Updates made by hand (loadtest/updates.py), judged by pycrdt and by real Yjs."""

import asyncio
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Doc, Text, merge_updates

from loadtest import yjs
from loadtest.presence import Seen, cursor, states
from loadtest.servers import Workshop
from loadtest.servers.peers import install
from loadtest.updates import EMPTY_UPDATE, Run, UnreadableUpdate, edit, runs


def histories() -> st.SearchStrategy[list[int]]:
    """Who types next, for up to three authors."""
    return st.lists(st.integers(0, 2), min_size=1, max_size=40)


def typed(history: list[int]) -> list[bytes]:
    clocks = [0, 0, 0]
    updates = []
    for author in history:
        updates.append(edit(author, clocks[author]))
        clocks[author] += 1
    return updates


def counts(history: list[int]) -> dict[int, int]:
    return {author: history.count(author) for author in set(history)}


def read(updates: list[bytes]) -> str:
    doc: Doc[Text] = Doc()
    text = doc.get("content", type=Text)
    for update in updates:
        doc.apply_update(update)
    return str(text)


def words(history: list[int]) -> list[str]:
    """What each author typed, in the order in which the runs may stand."""
    return sorted("".join(chr(97 + clock % 26) for clock in range(count)) for count in counts(history).values())


@given(histories())
def test_every_edit_arrives_in_a_crdt(history: list[int]) -> None:
    """A document that applied the edits holds every author's run, whole and in order."""
    text = read(typed(history))
    assert len(text) == len(history)
    for word in words(history):
        assert word in text


@given(histories())
def test_runs_of_merged_updates_are_those_of_the_edits(history: list[int]) -> None:
    """However edits were merged, the reader finds each author's characters once."""
    merged = merge_updates(*typed(history))
    assert {run.author: (run.first, run.end) for run in runs(merged)} == {
        author: (0, count) for author, count in counts(history).items()
    }


@given(histories())
def test_runs_of_an_encoded_document_are_those_of_the_edits(history: list[int]) -> None:
    """A whole document's state is read like any update."""
    doc: Doc[Text] = Doc()
    for update in typed(history):
        doc.apply_update(update)
    assert {run.author: run.end for run in runs(doc.get_update())} == counts(history)


def test_runs_of_a_difference_begin_where_it_begins() -> None:
    """A diff of a long run names the clock at which it starts."""
    doc: Doc[Text] = Doc()
    for clock in range(5):
        doc.apply_update(edit(0, clock))
    before = doc.get_state()
    for clock in range(5, 9):
        doc.apply_update(edit(0, clock))
    assert runs(doc.get_update(before)) == (Run(0, 5, 9),)


def test_the_empty_update_has_no_runs() -> None:
    """A step 2 without news is read as such."""
    assert runs(EMPTY_UPDATE) == ()


def test_content_that_nobody_typed_is_an_error() -> None:
    """A document in which others write would be counted wrongly, so it is not counted."""
    doc: Doc[Text] = Doc()
    text = doc.get("content", type=Text)
    text.insert(0, "ab")
    text.format(0, 1, {"bold": True})
    with pytest.raises(UnreadableUpdate):
        runs(doc.get_update())


def test_a_cursor_tells_its_author_and_clock() -> None:
    """Presence is read without looking into its JSON."""
    assert states(cursor(7, 3)) == (Seen(7, 3),)


@pytest.mark.js
async def test_real_yjs_reads_the_edits() -> None:
    """Yjs itself, from npm, reads what the authors typed, also when two edits come in the wrong order."""
    node = shutil.which("node")
    assert node
    await install(Workshop(Path(), print, node))
    history = [0, 1, 0, 2, 2, 1, 0, 0]
    updates = typed(history)
    updates[0], updates[2] = updates[2], updates[0]
    text = (await asyncio.wait_for(yjs.look(node, updates), 30)).text
    assert len(text) == len(history)
    assert all(word in text for word in words(history))
