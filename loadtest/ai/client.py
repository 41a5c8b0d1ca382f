"""Asks for streamed answers as OpenAI's clients do, and notes when their first tokens came. Used by bench.py.

POST /v1/chat/completions ──► head, then chunks ──► the first content ──► all of it, looked at when it has ended

The same for Atrium, for its rival and for the stand-in itself, with the same bytes.
"""

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Final, cast

CONTENT: Final = re.compile(rb'"content": ?"[^"]')
"""The first token: chunks before it have none, or an empty one."""
END: Final = b"0\r\n\r\n"
"""Of a response in chunks."""
MAX_SECONDS: Final = 60.0
"""For one answer, which takes two; then the round has failed."""


@dataclass(frozen=True)
class Target:
    """A server that speaks as OpenAI's does."""

    port: int
    path: str
    key: str
    model: str


@dataclass(frozen=True)
class Asked:
    """What some answers took."""

    first_token_ms: Sequence[float]
    """From sending a question to the first token of its answer, sorted."""
    tokens: int
    """That the stand-in said and that came."""
    seconds: float


class Broken(Exception):
    """An answer that was not what the stand-in said: the round says nothing."""


async def ask(target: Target, *, tokens: int, streams: int, count: int) -> Asked:
    """`count` questions over `streams` connections, one after the other on each. Raises Broken."""
    loop = asyncio.get_running_loop()
    connections = [_Connection(target, count // streams, loop.create_future()) for _ in range(streams)]
    for each in connections:
        await loop.create_connection(lambda each=each: each, "127.0.0.1", target.port)  # type: ignore[misc]
    begin = perf_counter()
    try:
        for each in connections:
            each.ask()
        async with asyncio.timeout(MAX_SECONDS * count / streams):
            await asyncio.gather(*(each.done for each in connections))
    finally:
        for each in connections:
            each.leave()
    seconds = perf_counter() - begin
    expected = said(tokens)
    answers = [answer for each in connections for answer in each.answers]
    for answer in answers:
        if (text := content(answer)) != expected:
            raise Broken(f"{target.path} of port {target.port}: {text[:60]!r}… in {answer[:300]!r}")
    times = sorted(1e3 * time for each in connections for time in each.times)
    return Asked(times, tokens * len(answers), seconds)


def said(tokens: int) -> str:
    """What the stand-in says (standins/script.py)."""
    return "".join(f"{number} " for number in range(tokens))


def content(answer: bytes) -> str:
    """The text of a streamed answer, head and all."""
    pieces = []
    for event in unchunked(answer).split(b"\n\n"):
        if event.startswith(b"data: {"):
            choices = json.loads(event[6:]).get("choices") or [{}]
            pieces.append(choices[0].get("delta", {}).get("content") or "")
    return "".join(pieces)


def unchunked(answer: bytes) -> bytes:
    """The body of a response that came in chunks."""
    at, pieces = answer.find(b"\r\n\r\n") + 4, []
    while (end := answer.find(b"\r\n", at)) > 0:
        size = int(answer[at:end], 16)
        pieces.append(answer[end + 2 : end + 2 + size])
        at = end + 4 + size
    return b"".join(pieces)


class _Connection(asyncio.Protocol):
    def __init__(self, target: Target, count: int, done: "asyncio.Future[None]") -> None:
        self.done = done
        self.times: list[float] = []
        self.answers: list[bytes] = []
        self._left = count
        self._answer = bytearray()
        self._begin = 0.0
        self._waits = True
        body = json.dumps(
            {"model": target.model, "stream": True, "messages": [{"role": "user", "content": "Count, please."}]}
        )
        self._request = (
            f"POST {target.path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {target.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        ).encode()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none of asyncio's classes

    def ask(self) -> None:
        """Send the next question."""
        self._waits = True
        self._begin = perf_counter()
        self._transport.write(self._request)

    def leave(self) -> None:
        """Close the connection, and hear no more."""
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if self._waits and CONTENT.search(self._answer):
            self._waits = False
            self.times.append(perf_counter() - self._begin)
        if not self._answer.endswith(END):
            if not self._answer.startswith(b"HTTP/1.1 200") and not self.done.done():
                self.done.set_exception(Broken(self._answer[:600].decode(errors="replace")))
            return
        self.answers.append(bytes(self._answer))
        self._answer.clear()
        self._left -= 1
        if self._left and not self._waits:
            self.ask()
        elif not self.done.done():
            self.done.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionResetError("the server closed the connection"))
