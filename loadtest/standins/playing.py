"""Does what a script says, on one connection."""

import asyncio
import contextlib
import socket
import struct
from time import monotonic
from typing import Any, Final

from aiohttp import web

from loadtest.standins import dialect as dialects
from loadtest.standins.dialect import Dialect, Refusal
from loadtest.standins.recorded import Recorded
from loadtest.standins.script import NEVER, Script

KEEP_ALIVE_SECONDS: Final = 0.02
"""Between two of those that go on for ever: often enough that a test sees many."""
_NO_LINGER: Final = struct.pack("ii", 1, 0)


async def play(
    request: web.Request, dialect: Dialect, script: Script, body: Any, recorded: Recorded
) -> web.StreamResponse:
    """Answers, and notes when the client leaves before the end."""
    try:
        if script.late:
            await _wait(script.late)
        if script.refuse:
            return refused(dialect.refusals[script.refuse], recorded)
        return await _stream(request, dialect, script, body, recorded)
    except (ConnectionResetError, asyncio.CancelledError):
        recorded.closed()
        raise


def refused(refusal: Refusal, recorded: Recorded, key: str = "") -> web.Response:
    """An error status. Providers repeat a wrong key, so these do."""
    recorded.ended()
    text = dialects.compact(refusal.body).replace("{key}", key)
    response = web.Response(
        status=refusal.status, text=text, headers=dict(refusal.headers), content_type="application/json"
    )
    response.enable_compression()  # where the client takes it, as behind the real ones' proxies
    return response


async def _stream(
    request: web.Request, dialect: Dialect, script: Script, body: Any, recorded: Recorded
) -> web.StreamResponse:
    response = web.StreamResponse(headers={"content-type": dialect.content_type, "cache-control": "no-cache"})
    await response.prepare(request)

    async def write(data: bytes) -> None:
        for piece in (data[at : at + 1] for at in range(len(data))) if script.split else (data,):
            await response.write(piece)

    if opening := dialect.opening():
        await write(opening * script.starts)
    words = script.said
    tokens = [dialects.token(dialect, word) for word in words]
    due = monotonic()
    for token in tokens:
        if script.pause:
            due += script.pause
            if (wait := due - monotonic()) > 0:
                await asyncio.sleep(wait)
        await write(token)
        recorded.sent.append(monotonic())
    match script.fault:
        case None:
            await write(dialect.ending(len(words), body))
        case "stall":
            await _wait(NEVER)
        case "alive":
            while True:
                await write(dialect.keep_alive)
                recorded.kept_alive += 1
                await asyncio.sleep(KEEP_ALIVE_SECONDS)
        case "error":
            await write(dialect.error_inside)
        case "reset":
            _reset(request)
        case "torn":
            pass
    recorded.ended()
    with contextlib.suppress(ConnectionResetError):  # who has heard the end may leave
        await response.write_eof()
    return response


async def _wait(seconds: float) -> None:
    await (asyncio.Event().wait() if seconds == NEVER else asyncio.sleep(seconds))


def _reset(request: web.Request) -> None:
    """As a provider that died: RST instead of FIN."""
    if request.transport is None:
        return
    request.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    request.transport.abort()
