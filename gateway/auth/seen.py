"""When a session was last seen, written down at most once a minute, beside the request that shows it.

The first use of an access token is written at once: it tells that the answer that brought it arrived (refresh.py).
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog

from gateway.limits import SEEN_SECONDS
from store.errors import StoreUnavailable
from store.postgres import Postgres
from store.sessions import SessionRow, note_seen

WRITES: Final = 100
"""Notes under way at once; further ones wait for the session's next request."""

log = structlog.get_logger("gateway.auth")


@dataclass(slots=True)
class _Note:
    latest: int
    """The latest generation used, also while an earlier one is being written."""
    writing: "asyncio.Task[None] | None" = None


class Seen:
    """One per Gate. `forget` drops what the gate remembers of a session."""

    def __init__(self, postgres: Postgres, forget: Callable[[UUID], None]) -> None:
        self._postgres = postgres
        self._forget = forget
        self._notes: dict[UUID, _Note] = {}

    def note(self, row: SessionRow, generation: int) -> None:
        """A credential of the session was used just now: an access token of this generation, or -1."""
        if row.unseen_seconds < SEEN_SECONDS and generation <= row.refresh_seen:
            return
        under_way = self._notes.get(row.id)
        if under_way is not None:
            under_way.latest = max(under_way.latest, generation)
        elif len(self._notes) < WRITES:
            note = self._notes[row.id] = _Note(generation)
            note.writing = asyncio.create_task(self._write(row.id, note))

    async def _write(self, session_id: UUID, note: _Note) -> None:
        written: int | None = None
        try:
            while written != note.latest:
                written = note.latest
                await note_seen(self._postgres, session_id, written)
            self._forget(session_id)
        except StoreUnavailable as error:
            log.warning("a session's use was not noted", error=str(error))
        finally:
            del self._notes[session_id]
