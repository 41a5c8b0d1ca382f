"""What the log holds and what opening a document yields: the values that `rooms` and `store` exchange."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec


class Record(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One entry of a document's log: who wrote what, and when."""

    author: bytes
    """The user's id (16 bytes), or empty where the server itself wrote."""
    at: int
    """Unix time in milliseconds."""
    update: bytes
    """A Yjs update, encoding v1, as the replica re-encoded it."""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(tuple[Record, ...])


def encode_records(records: Sequence[Record]) -> bytes:
    """Pack the records of one commit; a log entry's and an announcement's body."""
    return _encoder.encode(records)


def decode_records(body: bytes) -> tuple[Record, ...]:
    """The inverse of encode_records."""
    return _decoder.decode(body)


@dataclass(frozen=True, slots=True)
class Commit:
    """Records that were committed together: they have the numbers `last - len(records) + 1` to `last`."""

    last: int
    records: tuple[Record, ...]

    @property
    def first(self) -> int:
        return self.last - len(self.records) + 1


@dataclass(frozen=True, slots=True)
class Loaded:
    """A document as its stores know it: a snapshot, then the log's tail."""

    number: int
    """Both together hold all records up to this one."""
    state: bytes
    """Yjs update v1 of the whole snapshot; empty for a document that has none yet."""
    tail: tuple[Commit, ...]


LOSS_GAP = 1 << 20
"""How far numbering jumps when a log was lost, in records. Some process may have seen numbers that Redis no longer
remembers; none is ever this far behind, so a number is never given twice."""
