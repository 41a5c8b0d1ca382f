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
    parts: bytes = b""
    """Where `state` may be cut (rooms/parts.py); empty: in one piece."""


def number_after_loss(known: int, now: float) -> int:
    """Where the numbering of a log goes on that was lost, `known` being the highest number that somebody remembers.

    It holds the time (Unix seconds × 2**20), so it is above every number ever given, also those of an earlier loss that
    the caller missed; it stays below 2**53, the largest integer of Lua and JavaScript, until the year 2242.
    """
    return max(known + (1 << 20), int(now) << 20)
