"""The log of a stream where no worker writes it: it was cancelled before one took it, or its worker died. Used by the
gateway and by AI workers; `whole` also by the worker that answers, when it begins a log anew."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from schemas.streams import Problem, Record, Source, Usage, done_record, stream_topic
from store import streams
from store.event_log import EventLog, Written
from store.limits import STREAM_RECORDS_KEPT
from store.postgres import Queries
from store.streams import StreamRow

TEXT_MAX: Final = 16 << 10
"""Characters of one piece of text. A record has two at most, 6 bytes each in JSON: EVENT_RECORD_BYTES hold that."""

_encode = msgspec.json.Encoder().encode


async def tell_end(db: Queries, events: EventLog, row: StreamRow, number: int | None) -> None:
    """Its last record, where the log ends at `number` and has all that the row has; otherwise the log anew.

    Raises StoreUnavailable.
    """
    usage = None if row.usage is None else msgspec.convert(row.usage, Usage)
    error = None if row.error is None else msgspec.convert(row.error, Problem)
    done = _encode(done_record(row.status, row.reason, usage, error))
    topic = stream_topic(row.id)
    if number is None or await events.write([Written(topic, [done], number)], STREAM_RECORDS_KEPT) == [None]:
        sources = msgspec.convert(row.sources or [], list[Source])
        told = [_encode(record) for record in whole(row.text, row.thought, row.model, row.why, sources)]
        await events.write([Written(topic, [*told, done], None)], STREAM_RECORDS_KEPT)
    await streams.mark_told(db, row.id)


def whole(text: str, thought: str, model: str | None, why: str | None, sources: Sequence[Source]) -> list[Record]:
    """All that was said, as the first records of a log."""
    state: dict[str, Any] = {"text": "", "thought": "", "model": model, "why": why}
    thoughts = [Record("ai.thought", {"text": piece}) for piece in pieces(thought)]
    texts = [Record("ai.delta", {"text": piece}) for piece in pieces(text)]
    found = [Record("ai.sources", {"sources": sources})] if sources else []
    return [Record("ai.state", state), *thoughts, *texts, *found]


def pieces(text: str) -> Iterator[str]:
    """Each short enough for a record."""
    return (text[at : at + TEXT_MAX] for at in range(0, len(text), TEXT_MAX))
