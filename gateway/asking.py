"""Beginning a stream: what it asks, its place in the log, its row, and the worker's wake-up. By routes and chats.

    prepare ──► add (in the caller's transaction) ──► quota.py ──► commit ──► push

A push that is lost is found by the workers' look at what nobody took.
"""

from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from ai_router.charges import AUTO
from gateway.parts import Parts
from gateway.quota import NewStream, add_stream
from gateway.refusals import Forbidden, Invalid
from schemas.ids import new_id
from schemas.roles import Role
from schemas.streams import Asked, stream_topic
from store import streams
from store.errors import StoreUnavailable
from store.postgres import Queries
from store.stream_ends import tell_end
from store.streams import StreamRow

VIEWERS_ONLY_READ = "viewers may read answers but not ask"


@dataclass(frozen=True, slots=True)
class Asking:
    """A stream that is about to be."""

    stream_id: UUID
    user_id: UUID
    project_id: UUID | None
    log_begin: int
    parts: Parts


async def prepare(parts: Parts, user_id: UUID, project_id: UUID | None, stream_id: UUID | None = None) -> Asking:
    """Under an id of its own, or a given one. Raises StoreUnavailable."""
    stream_id = stream_id or new_id()
    return Asking(stream_id, user_id, project_id, await parts.events.number(stream_topic(stream_id)), parts)


async def add(db: Queries, asking: Asking, asked: Asked, request_id: str | None = None) -> StreamRow | None:
    """Its row, and what it may cost set aside; None where this request has one already. Raises OverQuota."""
    new = NewStream(asking.stream_id, asking.user_id, asking.project_id, request_id, asked, asking.log_begin)
    return await add_stream(db, asking.parts, new)


async def cancel(parts: Parts, stream_id: UUID) -> None:
    """Stop an answer, if it goes on: what was said stays. Raises StoreUnavailable of PostgreSQL alone."""
    status = await streams.ask_to_cancel(parts.postgres, stream_id)
    with suppress(StoreUnavailable):  # workers see it in the row, and tell
        if status == "running":
            await parts.stream_queue.cancel(stream_id)
        elif status == "cancelled" and (row := await streams.find_stream(parts.postgres, stream_id)) is not None:
            await tell_end(parts.postgres, parts.events, row, row.log_begin)


def model_of(model: str | None, mode: str | None) -> str:
    """What is asked for: without a name `auto`. Raises Invalid where the mode says something else."""
    model = model or AUTO
    if mode is not None and (mode == AUTO) != (model == AUTO):
        raise Invalid.field("/mode", "`auto` goes with the model `auto`, `manual` with a `provider/model`")
    return model


def must_ask(role: Role) -> None:
    """Raises Forbidden for those who only read."""
    if role < Role.COMMENTER:
        raise Forbidden(VIEWERS_ONLY_READ)
