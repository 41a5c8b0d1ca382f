"""Hostile and honest updates at two gateways, crossed and compacted: `python -m tests.rooms.crossfire SEED CASES`.

What pycrdt does with freed memory shows late, or not at all. So test_crossfire.py runs this in a process of its own,
with an allocator that overwrites what is freed; valgrind finds it at once:
`PYTHONMALLOC=malloc valgrind --undef-value-errors=no -q python -m tests.rooms.crossfire 1 300`.
"""

from __future__ import annotations

import random
import sys
from collections import Counter

import rooms.cut
import rooms.parts
from rooms.codec.lib0 import var_bytes, var_string, var_uint
from rooms.compact import compact, without_failing
from rooms.crdt import read_state_vector
from rooms.cut import cut
from rooms.errors import Malformed
from rooms.filled import filled
from rooms.places import Places
from rooms.replica import Replica
from rooms.slices import at_once
from schemas.records import Commit, Loaded, Record

KINDS = (1, 4, 4, 4, 7, 7, 7, 8, 8, 8, 9, 6, 0)
FLAGS = (0, 0, 0, 0x20, 0x20, 0x20, 0x80, 0x80, 0xC0, 0xC0, 0x40)


class Crossfire:
    """One case."""

    def __init__(self, seed: int, seen: Counter[str]) -> None:
        self.random = random.Random(seed)
        self.seen = seen
        self.types: list[tuple[int, int]] = []
        """Of those that may be parents."""

    def run(self) -> None:
        one, other = Replica(), Replica()
        other.guard(Places())
        before = [
            delta for _ in range(self.random.randint(2, 10)) if (delta := self.edit(one, self.random.choice((1, 2, 3))))
        ]
        for delta in before:
            other.absorb(delta)
        # Two gateways hear the same client say different things.
        second = 4 if self.random.random() < 0.3 else 5
        here, there = [], []
        for _ in range(self.random.randint(0, 8)):
            here.append(self.edit(one, 4))
            there.append(self.edit(other, second))
        try:
            for replica, updates in ((one, there), (other, here)):
                for update in filter(None, updates):
                    replica.absorb(update)
        except Malformed:
            self.seen["broken"] += 1
            assert second == 4, "only one who lies to two gateways breaks a document"
        else:
            assert second == 4 or not one.left_out + other.left_out, "the same is sound everywhere"
            for replica in (one, other):
                for _ in range(3):
                    self.edit(replica, 6)
                self.delete_all(replica)
        log = [*before, *filter(None, here), *filter(None, there)]
        state = compact(b"", without_failing(b"", log))
        state = compact(state, without_failing(state, [*filter(None, there), *filter(None, here)]))
        # As the next opener gets it, part by part, and with what another one has that frees nothing.
        opened = at_once(filled(Loaded(1, state, (Commit(2, (Record(b"", 0, one.encode()),)),), cut(state))))
        again = at_once(filled(Loaded(1, opened.encode(), (), cut(opened.encode()))))
        for replica in (opened, again):
            self.delete_all(replica)
        self.seen["left out"] += one.left_out + other.left_out

    def edit(self, replica: Replica, client: int) -> bytes:
        """Something that may be accepted: the delta."""
        update, types = self.update(replica, client)
        try:
            delta = replica.apply(update).delta
        except Malformed:
            self.seen["refused"] += 1
            return b""
        if delta:
            self.seen["accepted"] += 1
            self.types += types
        return delta

    def delete_all(self, replica: Replica) -> None:
        clocks = read_state_vector(replica.state_vector())
        ranges = [var_uint(client) + b"\x01\x00" + var_uint(clock) for client, clock in clocks.items()]
        self.random.shuffle(ranges)
        replica.apply(b"\x00" + var_uint(len(ranges)) + b"".join(ranges))
        replica.encode()

    def update(self, replica: Replica, client: int) -> tuple[bytes, list[tuple[int, int]]]:
        """Structs that refer to what there is; now and then they begin with what is known."""
        random_, known = self.random, read_state_vector(replica.state_vector())
        begin = clock = known.get(client, 0)
        if clock and random_.random() < 0.15:
            begin = clock = random_.randrange(clock)
        structs, types = [], []
        for _ in range(random_.randint(1, 3)):
            struct, length = self.struct(known)
            if struct[0] & 0x1F == 7:
                types.append((client, clock))
            structs.append(struct)
            clock += length
            known[client] = max(known.get(client, 0), clock)
        update = b"\x01" + var_uint(len(structs)) + var_uint(client) + var_uint(begin) + b"".join(structs)
        if random_.random() >= 0.45:
            return update + b"\x00", types
        if self.types and random_.random() < 0.35:
            (of, start), length = random_.choice(self.types), 1
        else:
            of = random_.choice(list(known))
            start = random_.randrange(known[of])
            length = random_.randint(1, min(4, known[of] - start))
        deletes = b"\x01" + var_uint(of) + b"\x01" + var_uint(start) + var_uint(length)
        return (b"\x00" if random_.random() < 0.3 else update) + deletes, types

    def struct(self, known: dict[int, int]) -> tuple[bytes, int]:
        """With its length in clocks."""
        random_, kind = self.random, self.random.choice(KINDS)
        if kind == 0:
            length = random_.randint(1, 2)
            return b"\x00" + var_uint(length), length
        flags = random_.choice(FLAGS) | (0x20 if random_.random() < 0.2 else 0)
        place = b"".join(self.id(known) for flag in (0x80, 0x40) if flags & flag)
        if not place:
            if self.types and random_.random() < 0.8:
                place = b"\x00" + b"".join(map(var_uint, random_.choice(self.types[-6:])))
            else:
                place = b"\x01" + var_string(random_.choice("tm"))
            if flags & 0x20:
                place += var_string(random_.choice("kkkq"))
        content, length = self.content(kind)
        return bytes((flags | kind,)) + place + content, length

    def id(self, known: dict[int, int]) -> bytes:
        client = self.random.choice(list(known) or [1])
        return var_uint(client) + var_uint(self.random.randrange(max(known.get(client, 1), 1)))

    def content(self, kind: int) -> tuple[bytes, int]:
        random_ = self.random
        match kind:
            case 1:
                length = random_.randint(1, 3)
                return var_uint(length), length
            case 4:
                text = random_.choice(("a", "b", "hello", "xy", "é😀"))
                return var_string(text), len(text.encode("utf-16-le")) // 2
            case 6:
                return var_string("b") + var_bytes(b"1"), 1
            case 7:
                type_ = random_.choice((0, 1, 2, 6, 3))
                return var_uint(type_) + (var_string("p") if type_ == 3 else b""), 1
            case 8:
                length = random_.choice((1, 1, 2, 3))
                return var_uint(length) + b"\x7d\x05" * length, length
        return var_string("guid") + b"\x76\x00", 1


def main(seed: int, cases: int) -> None:
    # What is small is opened in parts, too.
    setattr(rooms.cut, "READ_SLICE", 0)  # noqa: B010
    setattr(rooms.parts, "PART_STRUCTS", 2)  # noqa: B010
    seen: Counter[str] = Counter()
    for number in range(cases):
        print(seed + number, flush=True)
        Crossfire(seed + number, seen).run()
    print(dict(seen), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
