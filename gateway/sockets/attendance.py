"""Tells Redis who is in the documents that this gateway has open, for everybody who asks over REST.

    seats (access_watch.py) ──came, went, other role──┐
    presence (rooms) ──what people show───────────────┴──► once per tick: the projects that changed ──► store/here.py

Edits cost nothing here, and idle connections nothing but the sign of life, two calls a second for the whole gateway.
Who asks is gateway/routes/collaboration.py.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator
from typing import Final, NamedTuple
from uuid import UUID

import structlog

from gateway.access import NOWHERE
from gateway.access_watch import AccessWatch, Watched
from gateway.sockets.limits import FAREWELL, HERE_RENEW, HERE_SEATS, HERE_SHOWN, HERE_STATE_BYTES, HERE_TICK
from rooms.open_documents import OpenDocuments
from schemas.documents import DocumentName, path_of, project_of
from schemas.here import Attendance, Seat, Shown, encode
from schemas.unavailable import Unavailable
from store.here import Here

logger = structlog.get_logger("gateway.sockets")
NoteGone = Callable[[Collection[tuple[UUID, UUID]]], Awaitable[None]]
"""Told (project, user) of everybody whose last connection in this gateway ended; raises Unavailable."""


class _Told(NamedTuple):
    mark: int
    """A hash of what was told."""
    users: frozenset[bytes]


class AttendanceTeller:
    """One per gateway; `run` is its task."""

    def __init__(
        self,
        here: Here,
        watch: AccessWatch,
        documents: OpenDocuments,
        shown: set[DocumentName],
        note_gone: NoteGone,
    ) -> None:
        """`shown` collects the documents in which somebody showed something new: rooms/presence_relay.py adds to it."""
        self._here = here
        self._watch = watch
        self._documents = documents
        self._shown = shown
        self._life: Final = os.urandom(8).hex()
        self._note_gone = note_gone
        self._told: dict[UUID, _Told] = {}
        """Projects with somebody here, as Redis knows it."""
        self._owed: set[UUID] = set()
        """Projects whose people Redis has to be told."""
        self._gone: set[tuple[UUID, UUID]] = set()
        self._noting: asyncio.Task[None] | None = None
        self._away = False

    async def run(self) -> None:
        """Tell for ever; cancel to stop."""
        tick = 0
        while True:
            tick += 1
            self._notice(also_shown=tick % HERE_SHOWN == 0)
            if self._owed or tick % HERE_RENEW == 0:
                await self._try_to_tell()
            if self._gone and (self._noting is None or self._noting.done()):
                gone, self._gone = self._gone, set()
                # Apart: PostgreSQL may be away, and the sign of life must not wait for it.
                self._noting = asyncio.create_task(self._note(gone))
            await asyncio.sleep(HERE_TICK)

    async def leave(self) -> None:
        """Nobody is here any more; best effort."""
        try:
            async with asyncio.timeout(FAREWELL):
                await self._here.leave(self._life)
        except (Unavailable, TimeoutError) as error:
            logger.info("could not tell that nobody is here", reason=str(error) or "no answer in time")

    def _notice(self, *, also_shown: bool) -> None:
        watch = self._watch
        if watch.touched:
            self._owed |= watch.touched
            watch.touched.clear()
            self._owed.discard(NOWHERE)
        if also_shown and self._shown:
            self._owed.update(map(project_of, self._shown))
            self._shown.clear()

    async def _try_to_tell(self) -> None:
        try:
            await self._tell()
            self._away = False
        except Unavailable as error:
            # Whatever arrived of it: say it again.
            self._told.clear()
            if not self._away:
                logger.warning("cannot tell who is here", reason=str(error))
            self._away = True

    async def _tell(self) -> None:
        owed = list(self._owed)
        changed: dict[str, bytes] = {}
        for project in owed:
            told, users = self._attendance(project)
            known = self._told.get(project)
            if known is not None:
                self._gone.update((project, UUID(bytes=user)) for user in known.users - users)
            if known is None or known.mark != hash(told):
                changed[str(project)] = told
            if told:
                self._told[project] = _Told(hash(told), users)
            else:
                self._told.pop(project, None)
        knew = await self._here.tell(self._life, changed)
        self._owed.difference_update(owed)
        if not knew:
            self._told.clear()
            self._owed.update(live.access.project_id for live in self._watch)
            self._owed.discard(NOWHERE)

    async def _note(self, gone: Collection[tuple[UUID, UUID]]) -> None:
        try:
            await self._note_gone(gone)
        except Unavailable as error:
            logger.info("could not note who went", users=len(gone), reason=str(error))

    def _attendance(self, project: UUID) -> tuple[bytes, frozenset[bytes]]:
        """Who is here in the project, told and as users; empty for nobody."""
        seated = [
            (live, name, since)
            for live, since in self._watch.in_project(project).items()
            if (name := live.document_name) is not None
        ]
        if not seated:
            return b"", frozenset()
        listed = seated[:HERE_SEATS]
        shown = [*self._states(dict.fromkeys(name for _, name, _ in listed))]
        told = encode(Attendance(len(seated), [_seat(*each) for each in listed], shown))
        return told, frozenset(live.access.user_id.bytes for live, _, _ in seated)

    def _states(self, names: Iterable[DocumentName]) -> Iterator[Shown]:
        for name in names:
            document = self._documents.find(name)
            for user, state in document.presence.here() if document is not None else ():
                if len(state.data) <= HERE_STATE_BYTES and state.data.lstrip()[:1] == b"{":
                    yield Shown(user, path_of(name), state.client, state.data)


def _seat(live: Watched, name: DocumentName, since: float) -> Seat:
    access = live.access
    return Seat(access.user_id.bytes, access.display_name, access.role, path_of(name), int(since * 1000))
