"""Many clients that read one answer as server-sent events: they keep the bytes, and look at them when it has ended."""

import asyncio
import json
from typing import Final, cast

from loadtest.ai.client import END, Broken, said, unchunked

MAX_SECONDS: Final = 120.0


async def read(port: int, stream_id: str, token: str, *, readers: int, tokens: int) -> None:
    """All of them read the stream to its end. Raises Broken where one of them did not see each token once, in order."""
    loop = asyncio.get_running_loop()
    request = f"GET /api/ai/stream/{stream_id} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n"
    reading = [_Reader(request.encode(), loop.create_future()) for _ in range(readers)]
    for each in reading:
        await loop.create_connection(lambda each=each: each, "127.0.0.1", port)  # type: ignore[misc]
    try:
        async with asyncio.timeout(MAX_SECONDS):
            await asyncio.gather(*(each.done for each in reading))
    finally:
        for each in reading:
            each.leave()
    expected = said(tokens)
    for each in reading:
        if (text := each.text()) != expected:
            raise Broken(f"a reader saw {len(text)} of {len(expected)} characters: {text[:60]!r}…")


class _Reader(asyncio.Protocol):
    def __init__(self, request: bytes, done: "asyncio.Future[None]") -> None:
        self.done = done
        self._request = request
        self._pieces: list[bytes] = []
        self._transport: asyncio.Transport

    def text(self) -> str:
        """What the answer said."""
        pieces = []
        for event in unchunked(b"".join(self._pieces)).split(b"\n\n"):
            data = event.partition(b"data: ")[2]
            if data.startswith(b'{"event":"ai.delta"'):
                pieces.append(json.loads(data)["data"]["text"])
        return "".join(pieces)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none of asyncio's classes
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._pieces.append(data)
        if data.endswith(END) and not self.done.done():
            self.done.set_result(None)

    def leave(self) -> None:
        """Close the connection, and hear no more."""
        self._transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionResetError("the server closed the connection"))
