"""A replica: what it makes of updates, and that what it refuses leaves no trace (see also test_yjs_agrees.py)."""

from __future__ import annotations

import random
import subprocess
import sys
from typing import Any

import psutil
import pycrdt
import pytest

from rooms.codec.lib0 import var_bytes, var_string, var_uint
from rooms.codec.plain import read_keystroke
from rooms.codec.update import read
from rooms.compact import compact
from rooms.crdt import EMPTY_UPDATE, merge, read_state_vector
from rooms.errors import Malformed
from rooms.limits import NESTING_MAX, READ_SLICE
from rooms.replica import Replica
from tests.rooms.updates import ABORTS_Y_PY, PANICS, PANICS_AFTER, honest


def text(client: int, clock: int, value: str, root: str = "content") -> bytes:
    """An update with one string at the start of a root."""
    return (
        b"\x01\x01" + var_uint(client) + var_uint(clock) + b"\x04\x01" + var_string(root) + var_string(value) + b"\x00"
    )


def any_update(value: bytes) -> bytes:
    """An update with one value."""
    return b"\x01\x01\x01\x00\x08\x01\x01t\x01" + value + b"\x00"


def after(client: int, clock: int, origin: int, value: str) -> bytes:
    """An update with one string to the right of (client, origin)."""
    item = b"\x84" + var_uint(client) + var_uint(origin) + var_string(value)
    return b"\x01\x01" + var_uint(client) + var_uint(clock) + item + b"\x00"


HOSTILE = {
    "a count that lies": var_uint(1 << 28),
    "a count of structs that lies": b"\x01" + var_uint(1 << 28) + b"\x01\x00\x00",
    "a count of deletes that lies": b"\x00" + var_uint(1 << 28),
    "a count of ranges that lies": b"\x00\x01\x01" + var_uint(1 << 28),
    "what ends y-py": ABORTS_Y_PY,
    "nothing": b"",
    "one byte more": text(1, 0, "a") + b"\x00",
    "one byte less": text(1, 0, "a")[:-1],
    "no structs of a client": b"\x01\x00\x01\x00\x00",
    "an empty string": text(1, 0, ""),
    "a string that is not UTF-8": text(1, 0, "aa").replace(b"aa", b"\xff\xff"),
    "a surrogate": text(1, 0, "aaa").replace(b"aaa", b"\xed\xa0\x80"),
    "a clock of 2**31": text(1, 1 << 31, "a"),
    "a client of 2**53": text(1 << 53, 0, "a"),
    "a length of 2**31": b"\x01\x01\x01\x00\x00" + var_uint(1 << 31) + b"\x00",
    "lengths that add up to 2**32": b"\x01\x03\x01\x00" + (b"\x00" + var_uint((1 << 31) - 1)) * 3 + b"\x00",
    "a move": b"\x01\x01\x01\x00\x0b\x01\x01t\x00\x01\x00\x01\x00\x00",
    "a weak link": b"\x01\x01\x01\x00\x07\x01\x01t\x07\x00\x01\x00\x00",
    "an XML hook": b"\x01\x01\x01\x00\x07\x01\x01t\x05\x01h\x00",
    "JSON that is none": b"\x01\x01\x01\x00\x05\x01\x01t" + var_bytes(b"{") + b"\x00",
    "a format that is not JSON": b"\x01\x01\x01\x00\x06\x01\x01t\x01b" + var_bytes(b"NaN") + b"\x00",
    "a key __proto__": any_update(b"\x76\x01" + var_string("__proto__") + b"\x7e"),
    "an unknown value": any_update(b"\x73"),
    "an integer of 2**53": any_update(b"\x7d" + b"\xbf" + b"\xff" * 6 + b"\x7f"),
    "options that are no object": b"\x01\x01\x01\x00\x09\x01\x01t\x01g\x7e\x00",
    "a value nested deeper than the CRDT's stack": any_update(b"\x75\x01" * 200_000 + b"\x7e"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_updates(case: str) -> None:
    """[L1] An update that some client could not read, or that pycrdt dies of, is malformed, and leaves nothing."""
    replica = Replica()
    replica.apply(text(7, 0, "honest"))
    before = replica.encode()
    with pytest.raises(Malformed):
        replica.apply(HOSTILE[case])
    assert replica.encode() == before


def test_the_update_that_panics() -> None:
    """[L1] pycrdt panics on this pair (pitfalls.md): refused, and the document goes on."""
    replica = Replica()
    replica.absorb(PANICS_AFTER)
    before = replica.encode()
    with pytest.raises(Malformed):
        replica.apply(PANICS)
    assert replica.encode() == before
    assert replica.apply(text(9, 0, "on")).complete


def test_nested_values_up_to_the_limit() -> None:
    """[L1] A value may be nested NESTING_MAX deep."""
    assert Replica().apply(any_update(b"\x75\x01" * NESTING_MAX + b"\x7e")).delta
    with pytest.raises(Malformed):
        Replica().apply(any_update(b"\x75\x01" * (NESTING_MAX + 1) + b"\x7e"))


@pytest.mark.parametrize("state_vector", [b"", b"\x01", ABORTS_Y_PY, var_uint(1 << 28), b"\x01\x01", b"\xff" * 30])
def test_hostile_state_vectors(state_vector: bytes) -> None:
    """[L1] A state vector that lies is malformed, and costs neither time nor memory."""
    with pytest.raises(Malformed):
        Replica().encode(state_vector)


def test_an_update_with_a_gap_is_not_merged() -> None:
    """[S6] What depends on something unknown is reported as incomplete, and nothing of it stays or leaves."""
    first, second, third = text(1, 0, "ab"), after(1, 2, 1, "c"), b"\x00\x01\x01\x01\x01\x02"
    replica = Replica()
    for late in (second, third):
        applied = replica.apply(late)
        assert (applied.delta, applied.complete) == (b"", False)
        assert replica.encode() == EMPTY_UPDATE
    for update in (first, second, third):
        assert replica.apply(update).complete
    healed: pycrdt.Doc[Any] = pycrdt.Doc()
    healed.apply_update(replica.encode())
    assert str(healed.get("content", type=pycrdt.Text)) == "a"


@pytest.mark.parametrize("size", [10, READ_SLICE // 4])
def test_large_updates_with_a_gap_are_undone(size: int) -> None:
    """[S6] Also those that are too large to be read exactly."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=5)
    content = doc.get("content", type=pycrdt.Text)
    content += "begin"
    known = doc.get_state()
    for number in range(size):
        content.insert(number, "x" * 3)
        content.insert(0, "y")
    replica = Replica()
    replica.apply(text(9, 0, "other"))
    before = replica.encode()
    applied = replica.apply(doc.get_update(known))
    assert (applied.delta, applied.complete) == (b"", False)
    assert replica.encode() == before
    assert replica.apply(doc.get_update()).complete
    assert read_state_vector(replica.state_vector())[5] == read_state_vector(doc.get_state())[5]


def test_a_circle_is_refused() -> None:
    """[L1] Structs of two clients that wait for one another are refused, not kept."""
    circle = b"\x02\x01\x02\x00\x84\x01\x00\x01b\x01\x01\x00\x84\x02\x00\x01a\x00"
    replica = Replica()
    with pytest.raises(Malformed):
        replica.apply(circle)
    assert replica.encode() == EMPTY_UPDATE


def test_known_edits_have_no_delta() -> None:
    """[D8] What a replica has already is complete and changes nothing, whole or in part."""
    replica = Replica()
    for update in honest(random.Random(1)):
        replica.apply(update)
    assert replica.apply(replica.encode()) == (b"", True)
    assert replica.apply(EMPTY_UPDATE) == (b"", True)
    applied = replica.apply(merge([replica.encode(), text(77, 0, "new")]))
    assert applied.complete and b"new" in applied.delta and len(applied.delta) < 40


@pytest.mark.parametrize("seed", range(40))
def test_histories_in_order_are_complete(seed: int) -> None:
    """[S3] Every honest update in its turn is complete; deltas, merged or one by one, make the same document."""
    updates = honest(random.Random(seed), edits=20, clients=3)
    replica, second = Replica(), Replica()
    deltas = []
    for update in updates:
        read(update)
        applied = replica.apply(update)
        if not applied.complete:
            continue  # `honest` lists what clients said, not always in causal order
        if applied.delta:
            deltas.append(applied.delta)
    for delta in deltas:
        read(delta)
        second.absorb(delta)
    assert read_state_vector(second.state_vector()) == read_state_vector(replica.state_vector())
    snapshot = compact(b"", deltas)
    assert second.apply(snapshot) == (b"", True)


def test_keystrokes_take_the_short_way() -> None:
    """What people type, and delete, one keystroke at a time, is read without the slow reader."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=123_456_789)
    updates: list[bytes] = []
    subscription = doc.observe(lambda event: updates.append(event.update))
    content = doc.get("content", type=pycrdt.Text)
    for letter in "hé✓😀 w":
        content.insert(0, letter)
    del content[0:1]
    del subscription
    assert all(read_keystroke(update) for update in updates)


def test_memory_does_not_grow_by_what_is_refused() -> None:
    """[L1] Refused and incomplete updates are not kept anywhere."""
    replica = Replica()
    for update in honest(random.Random(3), edits=40):
        replica.apply(update)
    random_ = random.Random(5)
    waits = text(99, 10, "x" * 100_000)

    def attack(times: int) -> None:
        for _ in range(times):
            assert not replica.apply(waits).complete
            with pytest.raises(Malformed):
                replica.apply(waits[: random_.randrange(len(waits))])

    attack(200)
    before = psutil.Process().memory_info().rss
    attack(800)
    assert psutil.Process().memory_info().rss - before < 20 << 20


def test_deep_types_do_not_end_the_process() -> None:
    """[L1] Types nested 300,000 deep, and deleted at once, pass where the stack may grow (rooms/stack.py).

    In a gateway, and in the threads in which workers compact.
    """
    code = """
import asyncio
from rooms.codec.lib0 import var_uint
from rooms.replica import Replica
from rooms.stack import deepen
deepen()
n = 300_000
children = b"".join(b"\\x07\\x00\\x01" + var_uint(i) + b"\\x00" for i in range(n - 1))
updates = [
    b"\\x01" + var_uint(n) + b"\\x01\\x00\\x07\\x01\\x01t\\x00" + children + b"\\x00",
    b"\\x00\\x01\\x01\\x01\\x00\\x01",
]
def merged():
    replica = Replica()
    for update in updates:
        replica.absorb(update)
    return len(replica.encode()) < 100
print(merged(), asyncio.run(asyncio.to_thread(merged)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    assert done.stdout.split() == ["True", "True"], (done.returncode, done.stderr[-500:])


def test_closed_replicas_leave_no_memory() -> None:
    """A replica that is not used any more is freed with all that it held."""

    def open_and_close(times: int) -> None:
        for _ in range(times):
            Replica().absorb(text(1, 0, "x" * 100_000))

    open_and_close(100)
    before = psutil.Process().memory_info().rss
    open_and_close(400)
    assert psutil.Process().memory_info().rss - before < 10 << 20
