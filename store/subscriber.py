"""One subscribed connection to Redis that comes back by itself. Used by what follows announcements.

Redis keeps nothing for a subscriber that is away: after each interruption its owner is told, and reads what it missed.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Final

import structlog
from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError

from store.errors import StoreUnavailable
from store.limits import COMMAND_TIMEOUT, CONNECT_TIMEOUT
from store.wire import Wire

logger = structlog.get_logger("store")
FIRST_PAUSE: Final = 0.05
RECONNECT_MAX: Final = 2.0
"""Shortest and longest pause in seconds between attempts to connect."""


class Subscriber:
    """`run` is its task."""

    def __init__(self, url: str, anchor: str) -> None:
        """`anchor`: a channel that is always subscribed, after all others: when it is confirmed, all are."""
        self._pool = ConnectionPool.from_url(url, socket_connect_timeout=CONNECT_TIMEOUT)
        self._anchor = anchor
        self._wire: Wire | None = None

    async def run(
        self,
        channels: Callable[[], Iterable[str]],
        hear: Callable[[bytes, bytes, Any], None],
        began: Callable[[bool], None],
    ) -> None:
        """Listen for ever; cancel to stop, and what `hear` raises stops it.

        `channels`: all that are to be subscribed when a connection begins. `hear`: gets (kind, channel, data) as Redis
        sends it. `began`: from now on nothing is missed; True after an interruption.
        """
        pause, again = FIRST_PAUSE, False
        anchor = self._anchor.encode()

        def dispatch(message: list[Any]) -> None:
            nonlocal pause
            kind, channel, data = message
            if kind == b"subscribe" and channel == anchor:
                pause = FIRST_PAUSE
                began(again)
            hear(kind, channel, data)

        while True:
            wire: Wire | None = None
            try:
                wire = await Wire.open(self._pool, dispatch)
                wire.say("SUBSCRIBE", *channels(), self._anchor)
                self._wire = wire
                await wire.ended
                logger.warning("announcements interrupted", anchor=self._anchor)
            except (RedisError, OSError) as error:
                logger.warning("announcements interrupted", anchor=self._anchor, reason=type(error).__name__)
            finally:
                self._wire = None
                if wire is not None:
                    await wire.close()
            again = True
            await asyncio.sleep(pause)
            pause = min(RECONNECT_MAX, pause * 2)

    async def follow(self, channel: str, confirmed: "asyncio.Future[None]", *, is_new: bool = True) -> None:
        """Subscribe one more; returns when `confirmed` is done. Raises StoreUnavailable."""
        if is_new:
            self._say("SUBSCRIBE", channel)
        try:
            await asyncio.wait_for(asyncio.shield(confirmed), COMMAND_TIMEOUT)
        except TimeoutError:
            raise StoreUnavailable("Redis", "cannot subscribe") from None

    def unfollow(self, channel: str) -> None:
        """No more of it."""
        self._say("UNSUBSCRIBE", channel)

    def _say(self, command: str, channel: str) -> None:
        # Without a connection there is nothing to do: the next one begins with all channels.
        if self._wire is not None:
            self._wire.say(command, channel)
