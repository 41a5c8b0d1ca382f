"""Tells the readers of a stream that it has ended, where no worker did: it was cancelled before one took it, or its
worker died. Used by the gateway and by AI workers."""

import msgspec

from schemas.streams import Problem, Usage, done_record, stream_topic
from store import streams
from store.event_log import EventLog
from store.limits import STREAM_RECORDS_KEPT
from store.postgres import Queries
from store.streams import StreamRow


async def tell_end(db: Queries, events: EventLog, row: StreamRow) -> None:
    """The last record of its log. Raises StoreUnavailable."""
    usage = None if row.usage is None else msgspec.convert(row.usage, Usage)
    error = None if row.error is None else msgspec.convert(row.error, Problem)
    record = msgspec.json.encode(done_record(row.status, row.reason, usage, error))
    await events.append(stream_topic(row.id), [record], STREAM_RECORDS_KEPT)
    await streams.mark_told(db, row.id)
