"""Who wrote which part of a text: by the records that brought it, whatever client ids say."""

from __future__ import annotations

import random

import pycrdt
import pytest

from rooms.authors import Authors
from rooms.blame import Run, blame
from rooms.replica import Replica
from rooms.slices import at_once
from schemas.records import Commit, Record
from tests.rooms.traces import load_trace

ANN, BOB, CAT = b"ann".ljust(16), b"bob".ljust(16), b"cat".ljust(16)
LATER = 3_600_000


class Log:
    """Records of a document, each made by somebody's edit."""

    def __init__(self) -> None:
        self.replica = Replica()
        self.records: list[Record] = []

    def add(self, author: bytes, update: bytes, at: int = 0) -> None:
        """What a gateway does with an update."""
        if delta := self.replica.absorb(update):
            self.records.append(Record(author, at, delta))

    def runs(self) -> list[Run]:
        authors = Authors()
        # Kept and taken up again in between, as the worker does.
        for number, record in enumerate(self.records, 1):
            at_once(authors.add([Commit(number, (record,))]))
            authors = Authors(authors.encode())
        return at_once(blame(self.replica.encode(), authors))

    def seen(self) -> list[tuple[str, bytes]]:
        return [(run.text, run.author) for run in self.runs()]


def edited(doc: pycrdt.Doc[pycrdt.Text], at: int, text: str = "", delete: int = 0) -> bytes:
    """An edit of the text, at a byte, as an update."""
    before = doc.get_state()
    content = doc.get("content", type=pycrdt.Text)
    if delete:
        del content[at : at + delete]
    if text:
        content.insert(at, text)
    return doc.get_update(before)


def test_runs_follow_their_authors() -> None:
    """[T8] Each run is the author's who typed it, with the time; together they are the text."""
    log, doc = Log(), pycrdt.Doc[pycrdt.Text]()
    log.add(ANN, edited(doc, 0, "Hello 😀 world"), 1_000)
    log.add(BOB, edited(doc, 6, "big "), LATER)
    log.add(ANN, edited(doc, 0, delete=1), LATER)
    assert log.runs() == [
        Run("ello ", ANN, 1_000),
        Run("big ", BOB, LATER),
        Run("😀 world", ANN, 1_000),
    ]


def test_who_brings_counts_not_the_client_id() -> None:
    """[T8] What somebody sends of another's offline edits is the sender's; once it is known it stays so."""
    log, offline = Log(), pycrdt.Doc[pycrdt.Text](client_id=7)
    one = edited(offline, 0, "one ")
    two = edited(offline, 4, "two")
    log.add(ANN, one)
    log.add(BOB, pycrdt.merge_updates(one, two))
    log.add(ANN, offline.get_update())
    log.add(b"", log.replica.encode())
    assert log.seen() == [("one ", ANN), ("two", BOB)]


def test_a_burst_is_one_run() -> None:
    """[T8] What one author writes within ten minutes, as by edits over REST, is one run; a later edit is another."""
    log = Log()
    for number, at in enumerate((1_000, 61_000, 301_000, LATER)):
        doc = pycrdt.Doc[pycrdt.Text]()
        doc.apply_update(log.replica.encode())
        log.add(ANN, edited(doc, number, "abcd"[number]), at)
    assert log.runs() == [Run("abc", ANN, 1_000), Run("d", ANN, LATER)]


def test_nobody_is_known() -> None:
    """[T8] What the server wrote back, or came before the history begins, is nobody's."""
    log, doc = Log(), pycrdt.Doc[pycrdt.Text]()
    log.add(b"", edited(doc, 0, "lost "), 5)
    log.replica.absorb(edited(doc, 5, "unwritten "))
    log.add(ANN, edited(doc, 15, "known"))
    assert log.runs()[0] == Run("lost unwritten ", b"", None)
    assert log.seen() == [("lost unwritten ", b""), ("known", ANN)]


def test_pictures_have_authors() -> None:
    """[T8] An embedded object counts as one character, U+FFFC."""
    log, doc = Log(), pycrdt.Doc[pycrdt.Text]()
    log.add(ANN, edited(doc, 0, "ab"))
    before = doc.get_state()
    doc.get("content", type=pycrdt.Text).insert_embed(1, {"image": "a.png"})
    log.add(BOB, doc.get_update(before))
    before = doc.get_state()
    doc.get("content", type=pycrdt.Text).format(0, 3, {"bold": True})
    log.add(CAT, doc.get_update(before))
    assert log.seen() == [("a", ANN), ("\ufffc", BOB), ("b", ANN)]


@pytest.mark.parametrize("seed", range(60))
def test_random_histories(seed: int) -> None:
    """[T8] Three who edit the same text at once, offline and back: every letter is its author's."""
    chance = random.Random(seed)
    log = Log()
    docs = [pycrdt.Doc[pycrdt.Text]() for _ in range(3)]
    sent = [doc.get_state() for doc in docs]
    letters = ["aä𝄞", "bß😀", "cñ👍"]
    for _ in range(60):
        who = chance.randrange(3)
        doc = docs[who]
        text = str(doc.get("content", type=pycrdt.Text))
        at = chance.randint(0, len(text))
        if text and chance.random() < 0.3:
            at = min(at, len(text) - 1)
            edited(doc, len(text[:at].encode()), delete=len(text[at].encode()))
        else:
            edited(doc, len(text[:at].encode()), chance.choice(letters[who]) * chance.randint(1, 3))
        if chance.random() < 0.5:
            log.add([ANN, BOB, CAT][who], doc.get_update(sent[who]), chance.randrange(10) * LATER)
            sent[who] = doc.get_state()
            doc.apply_update(log.replica.encode())
    runs = log.runs()
    everything: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc()
    everything.apply_update(log.replica.encode())
    assert "".join(run.text for run in runs) == str(everything.get("content", type=pycrdt.Text))
    for run in runs:
        assert set(run.text) <= set(letters[[ANN, BOB, CAT].index(run.author)])


def test_two_who_wrote_a_text_together() -> None:
    """[T8] A recorded session of two authors: every character is of one of them, and what is kept for it is small."""
    trace = load_trace("friendsforever")
    docs: list[pycrdt.Doc[pycrdt.Text]] = [pycrdt.Doc(client_id=1), pycrdt.Doc(client_id=2)]
    log = Log()
    subscriptions = [
        doc.observe(lambda event, who=who: log.add((ANN, BOB)[who], event.update, 200 * len(log.records)))
        for who, doc in enumerate(docs)
    ]
    trace.type_into(list(docs))
    for doc, subscription in zip(docs, subscriptions, strict=True):
        doc.unobserve(subscription)
    authors = Authors()
    at_once(authors.add([Commit(len(log.records), tuple(log.records))]))
    runs = at_once(blame(log.replica.encode(), authors))
    assert "".join(run.text for run in runs) == trace.end
    assert {run.author for run in runs} == {ANN, BOB}
    assert len(authors.encode()) < 5_000
    # By the client ids, which in this session are the authors'.
    assert {client: {entry.author for entry in entries} for client, entries in authors.clients.items()} == {
        1: {authors.authors.index(ANN)},
        2: {authors.authors.index(BOB)},
    }
