"""Differential fuzz against the stock Yjs: what a replica lets through, every client can read; what it refuses leaves
no trace. `ATRIUM_FUZZ_CASES` makes it longer."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import pytest

from rooms.crdt import read_state_vector
from rooms.errors import Malformed
from rooms.replica import Replica
from tests.rooms.updates import damaged, honest, plausible
from tests.rooms.yjs import Yjs, yjs

CASES = int(os.environ.get("ATRIUM_FUZZ_CASES", "1000"))
TRIES = 8

FOUND = {
    73: "pycrdt crashed: a struct depended on a later one of its own client",
    780: "pycrdt crashed: updates that waited inside it were merged with later ones",
    1: "pycrdt panicked when it encoded what was half merged",
    10: "a part of a refused update stayed in the replica",
    778: "a full state held an update that was waiting, in a form that Yjs cannot read",
    868: "pycrdt read one string too many of content 2",
    1039: "pycrdt wrote an XML hook without its name",
    1516: "a value had a key __proto__",
    30: "pycrdt wrote an empty struct for half a surrogate pair",
    1619: "pycrdt wrote a struct too many for half a surrogate pair",
}
"""Seeds that found something, and what."""


@pytest.fixture(scope="module")
def judge() -> Iterator[Yjs]:
    with yjs() as process:
        yield process


def fingerprint(replica: Replica) -> tuple[bytes, list[int]]:
    """Equal for equal states; the order of keys inside of one value is not."""
    return replica.state_vector(), sorted(replica.encode())


def fuzz(seed: int, judge: Yjs) -> None:
    """Honest and hostile updates into one replica; then Yjs reads all that left it."""
    random_ = random.Random(seed)
    replica = Replica()
    deltas: list[bytes] = []
    base = honest(random_, 8) if random_.random() < 0.7 else []
    hostile = [
        plausible(random_) if random_.random() < 0.6 or not base else damaged(random_.choice(base), random_)
        for _ in range(TRIES)
    ]
    for update in base + hostile:
        before = fingerprint(replica)
        try:
            applied = replica.apply(update)
        except Malformed:
            assert fingerprint(replica) == before, f"seed {seed}: {update.hex()} was refused and left something"
            continue
        if not applied.complete:
            assert fingerprint(replica) == before, f"seed {seed}: {update.hex()} is incomplete and left something"
        if applied.delta:
            deltas.append(applied.delta)
    clocks = {client: clock for client, clock in read_state_vector(replica.state_vector()).items() if clock}
    for updates in (deltas, [replica.encode()]):
        verdict = judge.apply(updates)
        assert verdict.error is None, f"seed {seed}: {verdict.error} on {[update.hex() for update in updates]}"
        assert not verdict.pending, f"seed {seed}: a delta came before what it depends on"
        assert read_state_vector(verdict.state) == clocks, f"seed {seed}: Yjs counts otherwise"


@pytest.mark.js
@pytest.mark.parametrize("seed", FOUND)
def test_seeds_that_found_something(seed: int, judge: Yjs) -> None:
    """[L1] Each of these once broke a replica or a client."""
    fuzz(seed, judge)


@pytest.mark.js
def test_what_passes_is_read_by_yjs(judge: Yjs) -> None:
    """[L1] Nothing of a refused update stays, and all that goes to others is read by Yjs, completely and in order."""
    for seed in range(10_000, 10_000 + CASES):
        fuzz(seed, judge)
