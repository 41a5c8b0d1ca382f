"""A stopping gateway: its clients are asked to come back, over some seconds, and its last edits are committed."""

import asyncio
from collections.abc import Sequence

import structlog

from gateway.sockets.connection import Connection
from gateway.sockets.hall import Hall
from gateway.sockets.limits import CLOSE_SECONDS, DRAIN_COMMIT, DRAIN_LOOK, DRAIN_SPREAD
from rooms.committer import Committer
from schemas.close_codes import CloseCode

logger = structlog.get_logger("gateway.sockets")
RESTARTING = "the server is restarting; come back"
COME_BACK = "an administrator asks you to come back"


async def drain(hall: Hall, committer: Committer) -> None:
    """Returns when nobody is connected and all is durable, or when that takes too long."""
    hall.draining = True
    leaving = list(hall.connections)
    logger.info("draining", connections=len(leaving))
    await send_away(leaving, RESTARTING)
    gone = asyncio.create_task(_all_gone(hall))
    try:
        async with asyncio.timeout(DRAIN_COMMIT):
            await committer.drained()
    except TimeoutError:
        logger.error("edits were not durable in time", oldest_seconds=committer.oldest_unsaved)
    await gone
    logger.info("drained")


async def send_away(leaving: Sequence[Connection], reason: str = COME_BACK) -> None:
    """Ask these clients to come back, over some seconds, so that they do not all return at once."""
    pause = DRAIN_SPREAD / max(len(leaving), 1)
    for i, connection in enumerate(leaving):
        if i % 10 == 0:
            await asyncio.sleep(min(pause * 10, 0.1))
        connection.close(CloseCode.RESTART.value, reason)


async def _all_gone(hall: Hall) -> None:
    """Until every client has answered its close frame, or was cut because it did not.

    A process that ends with unread bytes in a socket resets it, and its client may then never see the close code.
    """
    for _ in range(round(CLOSE_SECONDS / DRAIN_LOOK) + 2):
        if not hall.figures.connections:
            return
        await asyncio.sleep(DRAIN_LOOK)
