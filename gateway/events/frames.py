"""The messages of `GET /events` as WebSocket frames. Pure; called by hub.py and session.py.

What goes to many is framed once, and a record's payload is never decoded here: `topic` and `number` go in front.
"""

from collections.abc import Iterable
from typing import Any, Final, Protocol

import msgspec

from schemas.events import is_for_members
from store.event_log import EventRecord

_encode = msgspec.json.Encoder().encode


def text_frame(payload: bytes) -> bytes:
    """A whole text message (RFC 6455, 5.2): unmasked, in one piece."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 1 << 16:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


class Framing(Protocol):
    """How one kind of client gets records. Values of it are compared, so that many of a kind are framed once."""

    def records(self, topic: str, records: Iterable[EventRecord], *, is_member: bool) -> tuple[bytes, int]:
        """Records, and how many they are; who is no member gets them without those that are for members."""

    def reset(self, topic: str, number: int) -> bytes:
        """Records are gone that the client lacks: it reads the state anew, and goes on behind `number`."""

    def passing(self, topic: str, payload: bytes) -> bytes:
        """What stands in no log; empty where such clients do not get it."""


class WebSocketFraming:
    """For `GET /events`."""

    def records(self, topic: str, records: Iterable[EventRecord], *, is_member: bool) -> tuple[bytes, int]:
        return record_frames(topic, records, is_member=is_member)

    def reset(self, topic: str, number: int) -> bytes:
        return reset_frame(topic, number)

    def passing(self, topic: str, payload: bytes) -> bytes:
        return text_frame(b'{"topic":%b,%b' % (_encode(topic), payload[1:]))


WEBSOCKET: Final = WebSocketFraming()


def record_frames(topic: str, records: Iterable[EventRecord], *, is_member: bool) -> tuple[bytes, int]:
    """Records of a log, and how many they are; their payloads are JSON objects with at least one member.

    Who is no member of a public project gets them without those that are for members.
    """
    front = b'{"topic":%b,"number":' % _encode(topic)
    frames = [
        text_frame(b"%b%d,%b" % (front, record.number, record.payload[1:]))
        for record in records
        if is_member or not is_for_members(record.payload)
    ]
    return b"".join(frames), len(frames)


def reset_frame(topic: str, number: int) -> bytes:
    """Records are gone that the client lacks: it reads the state anew, and goes on behind `number`."""
    return frame("reset", {"topic": topic, "number": number})


def frame(event: str, data: Any, ack: int | str | None = None) -> bytes:
    """Any other message; `ack` is the `id` of the one that it answers."""
    message = {"event": event, "data": data} if ack is None else {"event": event, "ack": ack, "data": data}
    return text_frame(_encode(message))
