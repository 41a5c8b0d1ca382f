"""Waiting for an answer's end, for clients that do not follow it. Used by routes/chat_messages.py.

hub ──records──► Ending: is the last one among them?
"""

import asyncio
from collections.abc import Iterable
from typing import Final

from gateway.access import Access, Denied
from gateway.events.hub import Hub
from gateway.events.subscription import Subscription
from schemas.streams import DONE_BEGINS
from store.event_log import EventRecord

WAIT_SECONDS: Final = 45.0
"""For a whole answer: proxies give up after a minute. Answer: 202, and the stream goes on."""


class EndFraming:
    """Only whether a stream ended."""

    def records(self, topic: str, records: Iterable[EventRecord], *, is_member: bool) -> tuple[bytes, int]:
        return (DONE_BEGINS, 1) if any(each.payload.startswith(DONE_BEGINS) for each in records) else (b"", 0)

    def reset(self, topic: str, number: int) -> bytes:
        return DONE_BEGINS  # whoever waits looks at the row

    def passing(self, topic: str, payload: bytes) -> bytes:
        return b""


END: Final = EndFraming()


class Ending:
    """An Outlet that waits for one record."""

    def __init__(self) -> None:
        self._heard = asyncio.Event()

    @property
    def full(self) -> bool:
        return self._heard.is_set()

    def write(self, frames: bytes) -> None:
        self._heard.set()

    def lost(self, subscription: Subscription, denied: Denied) -> None:
        self._heard.set()

    async def wait(self, seconds: float) -> None:
        """Until it came, or so long."""
        try:
            async with asyncio.timeout(seconds):
                await self._heard.wait()
        except TimeoutError:
            return


async def until_ended(hub: Hub, topic: str, access: Access, after: int, seconds: float = WAIT_SECONDS) -> None:
    """Returns when the stream has ended, or it takes too long. Raises StoreUnavailable."""
    ending = Ending()
    subscription = Subscription(topic, ending, access, END)
    number, is_reset = await hub.attach(subscription, after)
    try:
        if is_reset:
            return
        hub.release(subscription, number)
        await ending.wait(seconds)
    finally:
        hub.detach(subscription)
