"""The post: takes mails at once, and sends them one after another in the background. Made in gateway/auth/accounts.py.

A request never waits for a mail server; and where even whether there is a mail must not show, it hands in a function
that writes it later (`Later`), so that its answer takes as long whether there is an account or not. What cannot be
sent after a few tries, or waits when the process ends, is dropped: every mail is one that people can ask for again.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Protocol, Self

import structlog

from gateway.limits import MAIL_LAST_SECONDS, MAIL_PAUSE_SECONDS, MAIL_QUEUE, MAIL_TRIES
from gateway.mail.letters import Mail

log = structlog.get_logger("gateway.mail")


class MailRefused(Exception):
    """The mail cannot be sent, now or ever; the message says why, and holds nothing of the mail."""

    def __init__(self, reason: str, again: bool) -> None:
        super().__init__(reason)
        self.again = again


Later = Callable[[], Awaitable[Mail | None]]
"""Writes a mail when its turn comes, or finds that there is none to write."""


class Carrier(Protocol):
    """How a mail leaves."""

    async def carry(self, mail: Mail) -> None:
        """Send it. Raises MailRefused."""
        ...


class Post:
    """One per gateway; `async with` starts it."""

    def __init__(self, carrier: Carrier, pause: float = MAIL_PAUSE_SECONDS) -> None:
        self._carrier = carrier
        self._pause = pause
        self._waiting: asyncio.Queue[Mail | Later] = asyncio.Queue(MAIL_QUEUE)
        self._working: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._working = asyncio.create_task(self._work())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(MAIL_LAST_SECONDS):
                await self._waiting.join()
        if left := self._waiting.qsize():
            log.warning("mails were not sent", count=left)
        assert self._working is not None
        self._working.cancel()
        await asyncio.gather(self._working, return_exceptions=True)

    def send(self, mail: Mail | Later) -> None:
        """Put it into the queue; a full queue drops it."""
        try:
            self._waiting.put_nowait(mail)
        except asyncio.QueueFull:
            log.error("a mail was dropped", reason="too many wait")

    async def _work(self) -> None:
        while True:
            mail = await self._waiting.get()
            try:
                written = mail if isinstance(mail, Mail) else await mail()
                if written is not None:
                    await self._deliver(written)
            except Exception:  # one mail's mishap must not end the post
                log.exception("a mail was dropped")
            finally:
                self._waiting.task_done()

    async def _deliver(self, mail: Mail) -> None:
        pause = self._pause
        for number in range(1, MAIL_TRIES + 1):
            try:
                await self._carrier.carry(mail)
            except MailRefused as refused:
                last = number == MAIL_TRIES or not refused.again
                log.warning("a mail was dropped" if last else "a mail waits", reason=str(refused), subject=mail.subject)
                if last:
                    return
            else:
                return
            await asyncio.sleep(pause)
            pause *= 2
