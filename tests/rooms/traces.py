"""The recorded sessions of tests/clients/traces, typed into pycrdt documents."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pycrdt

FOLDER = Path(__file__).parent.parent / "clients" / "traces"
NAMES = ("friendsforever", "seph-blog1", "sveltecomponent")
BURST = 500
"""Edits of one author of a sequential session before the next one's turn."""


@dataclass(frozen=True)
class Trace:
    """A session; `end` is what every replica must end with."""

    end: str
    transactions: list[dict[str, Any]]
    is_concurrent: bool

    def type_into(self, docs: list[pycrdt.Doc[Any]]) -> None:
        """Each author types what it typed, once it has what that follows."""
        (self._together if self.is_concurrent else self._in_turns)(docs)

    def _in_turns(self, docs: list[pycrdt.Doc[Any]]) -> None:
        text = ""
        for begin in range(0, len(self.transactions), BURST):
            doc = docs[begin // BURST % len(docs)]
            for other in docs:
                doc.apply_update(other.get_update(doc.get_state()))
            with doc.transaction():
                for transaction in self.transactions[begin : begin + BURST]:
                    text = _type(doc, text, transaction["patches"])

    def _together(self, docs: list[pycrdt.Doc[Any]]) -> None:
        # How much of each author a transaction has seen; an author's transactions follow one another.
        seen: list[tuple[int, int]] = []
        updates: list[list[bytes]] = [[], []]
        texts, has = ["", ""], [0, 0]
        for transaction in self.transactions:
            me = transaction["agent"]
            parents = [seen[parent] for parent in transaction["parents"]]
            counts = [max((parent[who] for parent in parents), default=0) for who in (0, 1)]
            doc, other = docs[me], 1 - me
            for update in updates[other][has[me] : counts[other]]:
                doc.apply_update(update)
            if counts[other] > has[me]:
                has[me] = counts[other]
                texts[me] = str(doc.get("content", type=pycrdt.Text))
            before = doc.get_state()
            texts[me] = _type(doc, texts[me], transaction["patches"])
            updates[me].append(doc.get_update(before))
            counts[me] = len(updates[me])
            seen.append((counts[0], counts[1]))


def _type(doc: pycrdt.Doc[Any], text: str, patches: list[list[Any]]) -> str:
    content = doc.get("content", type=pycrdt.Text)
    for position, deleted, inserted in patches:
        start = position if text.isascii() else len(text[:position].encode())
        if deleted:
            del content[start : start + len(text[position : position + deleted].encode())]
        if inserted:
            content.insert(start, inserted)
        text = text[:position] + inserted + text[position + deleted :]
    return text


def load_trace(name: str) -> Trace:
    """By its name."""
    recorded = json.loads(gzip.decompress((FOLDER / f"{name}.json.gz").read_bytes()))
    return Trace(recorded["endContent"], recorded["txns"], "numAgents" in recorded)
