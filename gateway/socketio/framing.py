"""Records as events of Socket.IO: one JSON array `[event, data]` a line. Pure; used by session.py.

chat:{id}     message.created ──► `message` {type: created, chat_id, message}; others by their own name
stream:{id}   ai.delta, ai.thought, ai.started, ai.done ──► `message` {type: delta, …, chat_id, message_id, …}
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from store.event_log import EventRecord

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode


def line(event: str, data: object) -> bytes:
    """One event."""
    return _encode([event, data]) + b"\n"


@dataclass(frozen=True, slots=True)
class ChatFraming:
    """What happens in a chat."""

    def records(self, topic: str, records: Iterable[EventRecord], *, is_member: bool) -> tuple[bytes, int]:
        lines = [self._line(_decode(record.payload), record.number) for record in records]
        return b"".join(lines), len(lines)

    def reset(self, topic: str, number: int) -> bytes:
        return line("reset", {"chat_id": topic.partition(":")[2], "number": number})

    def passing(self, topic: str, payload: bytes) -> bytes:
        told = _decode(payload)
        return line(told["event"], told["data"])

    def _line(self, record: dict[str, Any], number: int) -> bytes:
        data = {**record["data"], "number": number}
        if record["event"] == "message.created":
            return line("message", {"type": "created", **data})
        return line(record["event"], data)


@dataclass(frozen=True, slots=True)
class AnswerFraming:
    """An answer of a chat, as it is said."""

    chat_id: str
    message_id: str
    stream_id: str

    def records(self, topic: str, records: Iterable[EventRecord], *, is_member: bool) -> tuple[bytes, int]:
        lines = [self._line(record) for record in records]
        return b"".join(lines), len(lines)

    def reset(self, topic: str, number: int) -> bytes:
        return self._message("reset", {"number": number})

    def passing(self, topic: str, payload: bytes) -> bytes:
        return b""

    def _line(self, record: EventRecord) -> bytes:
        told = _decode(record.payload)
        return self._message(str(told["event"]).removeprefix("ai."), {**told["data"], "number": record.number})

    def _message(self, kind: str, data: dict[str, Any]) -> bytes:
        mine = {"chat_id": self.chat_id, "message_id": self.message_id, "stream_id": self.stream_id}
        return line("message", {"type": kind, **mine, **data})


CHAT: Final = ChatFraming()
