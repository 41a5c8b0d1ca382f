"""Which document is at a path now: between what a client names and what the rooms open. Called by sockets/hall.py.

    {project}/{path} ──► live file there? ──yes──► its document      (a moved file's is named as it was first)
                                          └─no───► who may write makes it: file and document; others find nothing

Whoever comes asks PostgreSQL, together with all who ask at the same time: a room that comes back asks once. An answer
of before a move would lead somebody into another file's document, where they stay and type; so what was found before
serves only while PostgreSQL is away. Moves and deletions are announced to every gateway, which forgets that, too.

Nothing is made where a file was moved away or deleted lately: an editor that was left open there comes back by itself
with all it has, and would undo what somebody else has just done.
"""

import asyncio
from typing import Final
from uuid import UUID

from gateway.access import Access, Denied
from gateway.limits import ACCESS_CACHE_ENTRIES, EXISTENCE_GRACE_SECONDS
from gateway.recent import Recent
from schemas.close_codes import CloseCode
from schemas.documents import DocumentName, InvalidName, new_path, path_of
from store.errors import PathTaken, StoreUnavailable, TooManyFiles
from store.file_changes import create_text_file
from store.files import Place, find_place, find_project
from store.postgres import Postgres

NOTHING: Final = "there is no file at this path"
LEFT: Final = "the file that was here was moved or deleted"
BINARY: Final = "this file is not a text; its bytes are read over REST"
FILE_SECONDS: Final = 3600.0
"""How long the project of a file is remembered: it never changes, and a project that goes is asked for by itself."""
PLACE_WAIT_SECONDS: Final = 1.0
"""For PostgreSQL to say what is at a path, before it counts as away and what was there lately serves."""


class Paths:
    """One per gateway."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self._places: Recent[tuple[UUID, str], Place] = Recent(
            0.0, ACCESS_CACHE_ENTRIES, keep=lambda place: place.kind is not None
        )
        self._projects: Recent[UUID, UUID | None] = Recent(
            FILE_SECONDS, ACCESS_CACHE_ENTRIES, keep=lambda project: project is not None
        )
        self._making: dict[tuple[UUID, str], asyncio.Task[None]] = {}

    async def document_at(self, access: Access, name: DocumentName) -> DocumentName:
        """The document that somebody opens by this name. Raises Denied, InvalidName, or StoreUnavailable."""
        key = (access.project_id, path_of(name))
        place = await self._place(key)
        if place.kind is None and access.role.may_write and not place.was_left:
            await self._make(key, access.user_id)
            place = await self._place(key)
        if place.document is not None:
            return place.document
        if place.kind is not None:
            raise Denied(CloseCode.NOT_FOUND, BINARY)
        raise Denied(CloseCode.NOT_FOUND, LEFT if place.was_left else NOTHING)

    async def project_of(self, file_id: UUID) -> UUID | None:
        """The project of a file, also of a deleted one; None where there is no such file."""
        return await self._projects.get(file_id, lambda: find_project(self._postgres, file_id))

    def forget(self, project_id: UUID) -> None:
        """Files of the project were moved, deleted or restored."""
        self._places.drop(lambda key: key[0] == project_id)

    def forget_everything(self) -> None:
        """Announcements were missed."""
        self._places.drop(lambda _: True)

    async def _place(self, key: tuple[UUID, str]) -> Place:
        asked = self._places.get(key, lambda: find_place(self._postgres, *key))
        known = self._places.known(key, EXISTENCE_GRACE_SECONDS)
        if known is None:
            return await asked
        try:
            return await asyncio.wait_for(asked, PLACE_WAIT_SECONDS)
        except (StoreUnavailable, TimeoutError):
            return known

    async def _make(self, key: tuple[UUID, str], user_id: UUID) -> None:
        # A class that opens a new document together makes it once.
        task = self._making.get(key)
        if task is None:
            task = self._making[key] = asyncio.create_task(self._create(key, user_id))
            task.add_done_callback(lambda _: self._making.pop(key, None))
        await asyncio.shield(task)

    async def _create(self, key: tuple[UUID, str], user_id: UUID) -> None:
        project_id, path = key
        new_path(path)
        try:
            await self._postgres.transact(lambda tx: create_text_file(tx, project_id, path, user_id))
        except PathTaken as taken:
            if taken.path != path:  # otherwise another process was faster, and its file is as good
                raise InvalidName("the path goes through another file, or is a folder") from None
        except TooManyFiles as full:
            raise Denied(CloseCode.FORBIDDEN, str(full)) from None
