"""Whoever's right to be here changes, it reaches everything live that the right has opened, within a moment.

    announcement ──► the gate forgets, whom it concerns is due ──► asked anew, many at once ──► access_changed
    announcements missed, once in a while ──► everybody is due ──────────┘                 └──► access_ended
    let in while something changed ──► due ──────────────────────────────┘

A document's connections and the events' subscriptions register here; what they keep open is theirs to close. Nobody
is sent away because PostgreSQL does not answer: the question is asked again until it does.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Protocol
from uuid import UUID

import msgspec
import structlog

from gateway.access import Access, Denied, Gate
from gateway.limits import RECHECK_APPLY, RECHECK_BATCH, RECHECK_PAUSE_SECONDS, RECHECK_SECONDS, RECHECK_WAIT_SECONDS
from gateway.paths import Paths
from schemas.close_codes import CloseCode
from schemas.documents import DocumentName
from schemas.unavailable import Unavailable

logger = structlog.get_logger("gateway.access")
GoneDocuments = Callable[[Collection[DocumentName]], Awaitable[set[DocumentName]]]
"""Those of the documents that were deleted; raises Unavailable."""


class Watched(Protocol):
    """Something live that an access opened. Both calls come from the watch's task, never from within `add`."""

    @property
    def access(self) -> Access:
        """What it may do, as it knows. Session and project stay the same while it is watched."""

    @property
    def document_name(self) -> DocumentName | None:
        """The document that it has open, if it is about one."""

    def access_changed(self, access: Access) -> None:
        """It may do more or less from now on; `access` takes the place of the one it has."""

    def access_ended(self, denied: Denied) -> None:
        """It may be here no longer."""


class Change(msgspec.Struct, frozen=True):
    """An announcement: a happening of the topic `access` (store/happenings.py)."""

    kind: str
    project_id: UUID | None = None
    user_id: UUID | None = None
    session_id: UUID | None = None
    document: str | None = None


_changes = msgspec.json.Decoder(Change)


class AccessWatch:
    """One per gateway; `run` is its task.

    let in:   mark = watch.mark() ──► authorise ──► … ──► watch.add(self, mark)        gone:  watch.remove(self)
    """

    def __init__(self, gate: Gate, paths: Paths, gone_documents: GoneDocuments) -> None:
        self._gate = gate
        self._paths = paths
        self._gone_documents = gone_documents
        self._by_project: dict[UUID, dict[Watched, float]] = {}
        self._by_session: dict[UUID, set[Watched]] = {}
        self._heard = 0
        self._due: dict[Watched, None] = {}
        """Those whom a change concerns, in its order."""
        self._sometime: dict[Watched, None] = {}
        """Those who are looked at to be sure."""
        self._wake = asyncio.Event()
        self.touched: set[UUID] = set()
        """Projects in which somebody came, left or changed since sockets/attendance.py last looked."""

    def mark(self) -> int:
        """Taken before an access is asked for, given to `add`: what changed in between is noticed."""
        return self._heard

    def add(self, live: Watched, mark: int, since: float | None = None) -> None:
        """Watch it from now on. `since`: Unix time at which it came, if that was earlier."""
        access = live.access
        self._by_project.setdefault(access.project_id, {})[live] = since or time.time()
        self._by_session.setdefault(access.session_id, set()).add(live)
        self.touched.add(access.project_id)
        if mark != self._heard:
            self._ask_again([live])

    def remove(self, live: Watched) -> float | None:
        """No more; since when it was watched, None where it was not."""
        access = live.access
        self._due.pop(live, None)
        self._sometime.pop(live, None)
        self.touched.add(access.project_id)
        here = self._by_project.get(access.project_id, {})
        since = here.pop(live, None)
        if not here:
            self._by_project.pop(access.project_id, None)
        if (lives := self._by_session.get(access.session_id)) is not None:
            lives.discard(live)
            if not lives:
                del self._by_session[access.session_id]
        return since

    def in_project(self, project_id: UUID) -> Mapping[Watched, float]:
        """All that is live in the project, in this process, and since when."""
        return self._by_project.get(project_id, {})

    def __iter__(self) -> Iterator[Watched]:
        for lives in self._by_session.values():
            yield from lives

    # What is announced (store/announcements.py)

    def hear_access(self, announced: bytes) -> None:
        """Somebody's right changed."""
        try:
            change = _changes.decode(announced)
        except msgspec.DecodeError as error:
            logger.error("announcement is not understood", reason=str(error))
            return
        self._heard += 1
        self._ask_again(self._concerned(change))

    def missed_announcements(self) -> None:
        """Whatever changed meanwhile: everybody is asked about."""
        self._heard += 1
        self._gate.forget_everything()
        self._paths.forget_everything()
        self._check_all()

    def _concerned(self, change: Change) -> list[Watched]:
        """Forget what the change made wrong; whom it concerns here."""
        gate = self._gate
        match change:
            case Change(kind="member.changed", project_id=UUID() as project, user_id=UUID() as user):
                gate.forget_member(project, user)
                return [live for live in self.in_project(project) if live.access.user_id == user]
            case Change(kind="project.changed", project_id=UUID() as project):
                gate.forget_project(project)
                return list(self.in_project(project))
            case Change(kind="session.ended", session_id=UUID() as session):
                gate.forget_session(session)
                return list(self._by_session.get(session, ()))
            case Change(kind="user.changed", user_id=UUID() as user):
                gate.forget_all_sessions()
                return [live for live in self if live.access.user_id == user]
            case Change(kind="file.moved", project_id=UUID() as project):
                self._paths.forget(project)
            case Change(kind="file.deleted", project_id=UUID() as project, document=str() as document):
                self._paths.forget(project)
                return [live for live in self.in_project(project) if live.document_name == document]
        return []

    # Asking

    def _ask_again(self, lives: Sequence[Watched]) -> None:
        self._due.update(dict.fromkeys(lives))
        self._wake.set()

    def _check_all(self) -> None:
        self._sometime.update(dict.fromkeys(self))
        self._wake.set()

    async def run(self) -> None:
        """Ask for ever; cancel to stop."""
        loop = asyncio.get_running_loop()
        next_look = loop.time() + RECHECK_SECONDS
        while True:
            if not self._due and not self._sometime:
                await self._woken(next_look - loop.time())
            if loop.time() >= next_look:
                next_look = loop.time() + RECHECK_SECONDS
                self._check_all()
            if self._due:
                await self._ask(self._due)
            elif self._sometime:
                await self._ask(self._sometime)
                # Nobody waits for these: others get their turn, and PostgreSQL some rest.
                if self._sometime:
                    await self._woken(RECHECK_PAUSE_SECONDS)

    async def _woken(self, seconds: float) -> None:
        self._wake.clear()
        try:
            async with asyncio.timeout(max(seconds, 0)):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _ask(self, queue: dict[Watched, None]) -> None:
        batch = list(islice(queue, RECHECK_BATCH))
        for live in batch:
            del queue[live]
        accesses = [live.access for live in batch]
        documents = {live.document_name for live in batch if live.document_name is not None}
        try:
            answers, gone = await asyncio.gather(self._gate.again_each(accesses), self._gone_documents(documents))
        except Unavailable as error:
            logger.warning("cannot ask who may be here", live=len(batch), reason=str(error))
            queue.update(dict.fromkeys(live for live in batch if self._knows(live)))
            await asyncio.sleep(RECHECK_WAIT_SECONDS)
            return
        for n, (live, asked, answer) in enumerate(zip(batch, accesses, answers, strict=True)):
            if n % RECHECK_APPLY == RECHECK_APPLY - 1:
                await asyncio.sleep(0)
            if not self._knows(live):
                continue
            if live.access is not asked:
                queue[live] = None  # it came with another token meanwhile
            elif live.document_name in gone:
                self._apply(live, Denied(CloseCode.NOT_FOUND, "the file was deleted"))
            elif answer != asked:
                self._apply(live, answer)

    def _apply(self, live: Watched, answer: Access | Denied) -> None:
        access = live.access
        words = {"user": str(access.user_id), "project": str(access.project_id)}
        self.touched.add(access.project_id)
        try:
            if isinstance(answer, Denied):
                logger.info("access ended", **words, code=answer.code.value, reason=answer.reason)
                live.access_ended(answer)
            else:
                logger.info("access changed", **words, role=answer.role.value)
                live.access_changed(answer)
        except Exception:
            # One that fails must not keep the others in.
            logger.exception("could not be told", **words)

    def _knows(self, live: Watched) -> bool:
        return live in self._by_project.get(live.access.project_id, ())
