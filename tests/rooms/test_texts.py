"""Texts that REST reads and writes while others type: nothing of theirs is lost, and each edit has its effect once."""

from __future__ import annotations

import asyncio
from typing import Any

import pycrdt
import pytest

from rooms import committer as committer_module
from rooms import open_documents as open_documents_module
from rooms import text_bases
from rooms import texts as texts_module
from rooms.text import NotText
from rooms.texts import Gone
from schemas.records import Record
from schemas.unavailable import Unavailable
from tests.rooms.peers import Client
from tests.rooms.test_replica import HOSTILE
from tests.rooms.texts import ALICE, Session, settle, texts_of
from tests.rooms.twins import NAME, processes

SEEDS = 1_000
BATCHES = 20


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commit at once, and be soon tired of waiting: more interleavings in the same time, on every path."""
    monkeypatch.setattr(committer_module, "COMMIT_WINDOW", 0.0)
    monkeypatch.setattr(texts_module, "SETTLE", 0.003)


@pytest.mark.parametrize("batch", range(BATCHES))
async def test_put_while_two_type(batch: int) -> None:
    """[T2] A text that is put while two clients type takes no keystroke of theirs, and is there itself, once."""
    for seed in range(batch, SEEDS, BATCHES):
        try:
            await Session(seed).run()
        except BaseException:
            print(f"seed {seed}")
            raise


async def test_edit_is_the_writers() -> None:
    """[T3] What is put counts as an edit of the user who put it, and only what differs is written."""
    async with processes(1) as (log, made):
        (texts,) = texts_of(made)
        await texts.write(NAME, b"bob".ljust(16), "one two three", None)
        seen = await texts.read(NAME)
        now = await texts.write(NAME, ALICE, "one 2 three", seen.number)
        assert (now.text, now.number) == ("one 2 three", 2)
        assert [record.author for record in log.ever] == [b"bob".ljust(16), ALICE]
        assert b"three" not in log.ever[1].update


async def test_a_record_that_cannot_be_merged(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was before and after it can be read, compared and written to, without it, as in the live document."""
    async with processes(2) as (log, made):
        (texts, _) = texts_of(made)
        await texts.write(NAME, ALICE, "one", None)
        log.put(made[1], NAME, [Record(b"", 0, HOSTILE["nothing"])])
        later = await texts.write(NAME, ALICE, "one two", None)
        await texts.write(NAME, ALICE, "three", None)
        monkeypatch.setattr(text_bases.Bases, "find", lambda *_: None)  # all of it from the log
        assert await texts.text_in(await texts.state(NAME, later.number)) == "one two"
        assert (await texts.write(NAME, ALICE, "one two, too", later.number)).text == "three, too"


async def test_same_text_is_no_edit() -> None:
    """[T3] Putting what is there writes nothing."""
    async with processes(1) as (log, made):
        (texts,) = texts_of(made)
        await texts.write(NAME, ALICE, "one", None)
        assert (await texts.write(NAME, ALICE, "one", None)).number == 1
        assert len(log.ever) == 1


async def test_unknown_version_is_refused() -> None:
    """[T4] If-Match with a number that the text never had is refused, and nothing is written."""
    async with processes(1) as (log, made):
        (texts,) = texts_of(made)
        await texts.write(NAME, ALICE, "one", None)
        with pytest.raises(Gone):
            await texts.write(NAME, ALICE, "two", 7)
        assert len(log.ever) == 1


async def test_put_twice_has_one_effect() -> None:
    """[T5] The same text on the ground of the same version, from several processes at once, is one edit."""
    async with processes(2) as (_, made):
        texts = texts_of(made)
        await texts[0].write(NAME, ALICE, "ac", None)
        await asyncio.gather(*(texts[turn % 2].write(NAME, ALICE, "abc", 1) for turn in range(6)))
        await texts[0].write(NAME, ALICE, "abc", 1)
        assert {(await each.read(NAME)).text for each in texts} == {"abc"}


async def test_whole_texts_at_once() -> None:
    """[T5] Without If-Match the last one has its text, whole, whoever else writes at the same moment."""
    async with processes(2) as (_, made):
        texts = texts_of(made)
        await asyncio.gather(*(texts[turn % 2].write(NAME, ALICE, "the same", None) for turn in range(6)))
        assert {(await each.read(NAME)).text for each in texts} == {"the same"}
        wanted = [f"text of {turn}" for turn in range(6)]
        await asyncio.gather(*(texts[turn % 2].write(NAME, ALICE, wanted[turn], None) for turn in range(6)))
        assert (await texts[0].read(NAME)).text in wanted


async def test_usual_case_rebuilds_nothing() -> None:
    """A text that was read to be written is kept, also while others go on typing."""
    async with processes(1) as (_, made):
        (texts,) = texts_of(made)
        shelves = texts._past
        document = await made[0].documents.open(NAME)
        client = Client()
        client.connect(document)
        client.text.insert(0, "hello")
        await settle([client], [document])
        seen = await texts.read(NAME, to_write=True)
        client.text.insert(0, ">> ")
        await settle([client], [document])
        now = await texts.write(NAME, ALICE, "hello!", seen.number)
        assert now.text == ">> hello!"
        assert shelves.rebuilt == 0  # type: ignore[attr-defined]  # the twin's


OTHERS: dict[str, Any] = {
    "array": pycrdt.Array([1, "a"]),
    "map": pycrdt.Map({"a": 1}),
    "xml": pycrdt.XmlFragment([pycrdt.XmlText("a")]),
}


@pytest.mark.parametrize("kind", OTHERS)
async def test_other_types_are_refused(kind: str) -> None:
    """[T1] A document whose content is of another type has no text, to be read or written."""
    async with processes(1) as (log, made):
        (texts,) = texts_of(made)
        document = await made[0].documents.open(NAME)
        client = Client()
        client.connect(document)
        other: pycrdt.Doc[Any] = pycrdt.Doc({"content": OTHERS[kind]})
        client.doc.apply_update(other.get_update())
        await settle([client], [document])
        written = len(log.ever)
        for attempt in (texts.read(NAME), texts.write(NAME, ALICE, "text", None)):
            with pytest.raises(NotText):
                await attempt
        assert len(log.ever) == written == 1


async def test_embedded_objects_stay() -> None:
    """[T1] A picture in a text is U+FFFC in the string; who sends it back keeps it, who leaves it out removes it."""
    async with processes(1) as (_, made):
        (texts,) = texts_of(made)
        document = await made[0].documents.open(NAME)
        client = Client()
        client.connect(document)
        client.text.insert(0, "grün ")
        client.text.insert_embed(6, {"image": "a.png"})
        client.text.insert(7, " blau")
        await settle([client], [document])
        seen = await texts.read(NAME)
        assert seen.text == "grün \ufffc blau"
        await texts.write(NAME, ALICE, "sehr grün \ufffc und blau", seen.number)
        await settle([client], [document])
        assert [chunk for chunk, _ in client.text.diff()] == ["sehr grün ", {"image": "a.png"}, " und blau"]
        await texts.write(NAME, ALICE, "nichts", None)
        await settle([client], [document])
        assert [chunk for chunk, _ in client.text.diff()] == ["nichts"]


async def test_what_was_lost_is_no_ground(monkeypatch: pytest.MonkeyPatch) -> None:
    """[T4] A version that was lost with the log and everybody who had it is refused, and not merged half."""
    monkeypatch.setattr(open_documents_module, "UNLOAD_AFTER", -1.0)
    async with processes(1) as (log, made):
        (texts,) = texts_of(made)
        await texts.write(NAME, ALICE, "lost", None)
        seen = await texts.read(NAME, to_write=True)
        await made[0].documents.tidy()
        assert not len(made[0].documents)
        log.lose()
        assert (await texts.read(NAME)).text == ""
        with pytest.raises(Gone):
            await texts.write(NAME, ALICE, "lost and more", seen.number)
        assert (await texts.read(NAME)).text == ""


async def test_reading_goes_on_without_redis() -> None:
    """[D5] While the log is away an open text is read, and what is written is refused rather than promised."""
    async with processes(1) as (log, made):
        (texts,) = texts_of(made)
        await texts.write(NAME, ALICE, "here", None)
        log.away = True
        assert (await texts.read(NAME)).text == "here"
        with pytest.raises(Unavailable):
            await texts.write(NAME, ALICE, "there", 1)
        log.away = False
        assert (await texts.write(NAME, ALICE, "there", 1)).text == "there"
