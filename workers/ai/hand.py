"""Types an answer into a live document: word by word into its log, with a caret that everybody sees.

    run.py ──say──► Hand ──words──► Typist ──update──► the document's log ──► gateways ──► editors
                      └──────────► presence: name, colour, caret ──publish──►

Nothing is removed before the first word is there to replace it. While Redis is away the words wait.
"""

import asyncio
import re
import time
from typing import Final
from uuid import UUID

import msgspec
import structlog

from rooms.codec import awareness
from rooms.codec.awareness import GONE, State
from rooms.crdt import EMPTY_UPDATE, merge
from rooms.typist import Aim, Typist
from schemas.ai_edits import shown_as
from schemas.documents import DocumentName
from schemas.records import Record
from schemas.streams import EditPlan
from schemas.unavailable import Unavailable
from store.document_library import load
from store.document_log import DocumentLog
from store.postgres import Postgres

logger = structlog.get_logger("workers.ai")
WORD_SECONDS: Final = 0.06
"""Between two updates: words appear as a fast typist's, and every reader gets a few frames a second."""
WORD_MAX: Final = 60
"""Characters without a space that are written all the same."""
RETRY_SECONDS: Final = 0.3
_WHOLE: Final = re.compile(r".*\s", re.DOTALL)


class Hand:
    """One edit; `run` is its task, `finish` ends it."""

    def __init__(self, postgres: Postgres, log: DocumentLog, plan: EditPlan, stream_id: UUID, model: str) -> None:
        self._postgres = postgres
        self._log = log
        self._name = DocumentName(plan.document)
        self._typist = Typist(plan.client, msgspec.json.decode(plan.aim, type=Aim))
        self._client = plan.client
        self._author = stream_id.bytes
        self._shown = shown_as(model, stream_id)
        self._clock = 0
        self._known = -1
        self._made: list[bytes] = []
        self._buffer = ""
        self._wake = asyncio.Event()
        self._over = False

    def say(self, text: str) -> None:
        """More of the answer."""
        self._buffer += text
        self._wake.set()

    def finish(self) -> None:
        """There is no more; `run` returns when it has written what was said."""
        self._over = True
        self._wake.set()

    async def run(self) -> None:
        """Type until `finish`; returns when all is in the log and the caret is gone."""
        try:
            while not self._over or self._buffer:
                await self._wake.wait()
                self._wake.clear()
                if words := self._words():
                    await self._write(words)
                if not self._over:
                    await asyncio.sleep(WORD_SECONDS)
                elif self._buffer:
                    self._wake.set()
        finally:
            await self._show(GONE)

    def _words(self) -> str:
        match = _WHOLE.match(self._buffer)
        if self._over or len(self._buffer) > WORD_MAX:
            words, self._buffer = self._buffer, ""
        else:
            words, self._buffer = (match[0], self._buffer[match.end() :]) if match else ("", self._buffer)
        return words

    async def _write(self, words: str) -> None:
        updates = [self._typist.type(words)]
        if not self._made and (erase := self._typist.erase()) != EMPTY_UPDATE:
            updates.insert(0, erase)
        self._made += updates
        await self._append(updates)
        caret = self._typist.cursor
        await self._show(msgspec.json.encode({"user": self._shown, "cursor": {"anchor": caret, "head": caret}}))

    async def _append(self, updates: list[bytes]) -> None:
        while True:
            try:
                if self._known < 0:
                    self._known = (await load(self._postgres, self._log, self._name)).number
                (last,) = await self._log.append([(self._name, self._known, self._records(updates))])
                if last is not None:
                    self._known = last
                    return
                # The log was lost: whoever has the document open writes it back; this writes its own part again.
                updates, self._known = [merge(self._made)], -1
            except Unavailable as error:
                logger.warning("typing waits", reason=str(error))
            await asyncio.sleep(RETRY_SECONDS)

    def _records(self, updates: list[bytes]) -> list[Record]:
        now = int(time.time() * 1000)
        return [Record(self._author, now, update) for update in updates]

    async def _show(self, data: bytes) -> None:
        self._clock += 1
        packed = awareness.pack([(self._author, State(self._client, self._clock, data))])
        try:
            await self._log.announce_presence([(self._name, packed)])
        except Unavailable:
            return  # presence is not worth waiting for
