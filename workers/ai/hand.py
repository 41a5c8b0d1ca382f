"""Types an answer into a live document: word by word into its log, with a caret that everybody sees.

    run.py ──say──► Hand ──words──► Typist ──update──► the document's log ──► gateways ──► editors
                      └──────────► presence: name, colour, caret ──publish──►

Nothing is removed before the first word is there to replace it; what people removed of it until then is theirs, and
an undo does not bring it back. While a store is away the words wait, for a while.
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Final, TypeVar
from uuid import UUID

import msgspec
import structlog

from rooms.codec import awareness
from rooms.codec.awareness import GONE, State
from rooms.crdt import EMPTY_UPDATE, merge
from rooms.slices import Turns
from rooms.typist import Aim, Typist, found_by
from schemas.ai_edits import shown_as
from schemas.documents import DocumentName
from schemas.records import Loaded, Record
from schemas.streams import EditPlan
from schemas.unavailable import Unavailable
from store import ai_edits
from store.document_library import load
from store.document_log import DocumentLog
from store.postgres import Postgres
from workers.ai.pulse import Pulse

logger = structlog.get_logger("workers.ai")
WORD_SECONDS: Final = 0.06
"""Between two updates: words appear as a fast typist's, and every reader gets a few frames a second."""
WORD_MAX: Final = 60
"""Characters without a space that are written all the same."""
RETRY_SECONDS: Final = 0.3
AWAY_SECONDS: Final = 30.0
"""That words wait for a store, which restarts in a few. Then the edit ends with what is in the text."""
_WHOLE: Final = re.compile(r".*\s", re.DOTALL)


Result = TypeVar("Result")


class Hand:
    """One edit; `run` is its task, `finish` ends it."""

    def __init__(
        self,
        postgres: Postgres,
        log: DocumentLog,
        turns: Turns,
        pulse: Pulse,
        plan: EditPlan,
        stream_id: UUID,
        model: str,
        away_seconds: float = AWAY_SECONDS,
    ) -> None:
        self._postgres = postgres
        self._log = log
        self._turns = turns
        self._pulse = pulse
        self._name = DocumentName(plan.document)
        self._aim = msgspec.json.decode(plan.aim, type=Aim)
        self._typist = Typist(plan.client, self._aim)
        self._client = plan.client
        self._stream_id = stream_id
        self._author = stream_id.bytes
        self._shown = shown_as(model, stream_id)
        self._away_seconds = away_seconds
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
        """Type until `finish`; returns when all is in the log and the caret is gone.

        Raises Unavailable when a store is away for too long: what is not in the log then never gets there.
        """
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
        if not self._made and self._aim.erase != EMPTY_UPDATE:
            updates.insert(0, self._aim.erase)
            self._made += updates
            await self._replace(updates)
        else:
            self._made += updates
            await self._append(updates)
        caret = self._typist.cursor
        await self._show(msgspec.json.encode({"user": self._shown, "cursor": {"anchor": caret, "head": caret}}))

    async def _replace(self, updates: list[bytes]) -> None:
        """Put the first words where the selection is."""
        before = await self._patiently(self._load)
        await self._keep_what_is_found(before)
        await self._append(updates)
        # In the moment in between, or without having seen it, people may have removed some of it as well.
        later = await self._patiently(lambda: self._log.read(self._name, before.number))
        if others := tuple(commit for commit in later if commit.records[0].author != self._author):
            await self._keep_what_is_found(replace(before, tail=(*before.tail, *others)))

    async def _keep_what_is_found(self, loaded: Loaded) -> None:
        found, _ = await self._turns.run(found_by(self._aim.erase, loaded))
        if found != self._aim.erased:
            self._aim = msgspec.structs.replace(self._aim, erased=found)
            kept = msgspec.json.encode(self._aim).decode()
            await self._patiently(lambda: ai_edits.update_aim(self._postgres, self._stream_id, kept))

    async def _load(self) -> Loaded:
        loaded = await load(self._postgres, self._log, self._name)
        self._known = loaded.number
        return loaded

    async def _append(self, updates: list[bytes]) -> None:
        while not await self._patiently(partial(self._try_to_append, updates)):
            # The log was lost: whoever has the document open writes it back; this writes its own part again.
            updates, self._known = [merge(self._made)], -1

    async def _try_to_append(self, updates: list[bytes]) -> bool:
        if self._known < 0:
            await self._load()
        self._pulse.check()
        (last,) = await self._log.append([(self._name, self._known, self._records(updates))])
        if last is not None:
            self._known = last
        return last is not None

    async def _patiently(self, work: Callable[[], Awaitable[Result]]) -> Result:
        until = time.monotonic() + self._away_seconds
        while True:
            try:
                return await work()
            except Unavailable as error:
                if time.monotonic() > until:
                    raise
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
