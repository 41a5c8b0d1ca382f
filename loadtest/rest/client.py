"""An HTTP client that costs next to nothing: one request after the other on each of some connections.

Used by bench.py for Atrium and its rival alike. Keep-alive, no pipelining, as a browser or a proxy asks.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import cast

Request = Callable[[], bytes]
"""Makes the next request, head and body."""


@dataclass(frozen=True)
class Measured:
    """What one round of requests gave."""

    requests_per_second: float
    p50_ms: float
    p99_ms: float
    failed: int
    example: str
    """The beginning of a failed answer."""


class Failed(Exception):
    """Answers that were not 2xx: the round says nothing."""


def request(method: str, path: str, token: str, body: bytes = b"") -> bytes:
    """One HTTP/1.1 request with a JSON body."""
    head = f"{method} {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n"
    if method != "GET":
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{head}\r\n".encode() + body


async def measure(port: int, make: Request, *, connections: int, count: int) -> Measured:
    """`count` requests over `connections` connections; raises Failed when one in a hundred fails."""
    loop = asyncio.get_running_loop()
    asking = [_Asking(make, max(1, count // connections), loop.create_future()) for _ in range(connections)]
    for each in asking:
        await loop.create_connection(lambda each=each: each, "127.0.0.1", port)  # type: ignore[misc]
    begin = perf_counter()
    for each in asking:
        each.ask()
    await asyncio.gather(*(each.done for each in asking))
    seconds = perf_counter() - begin
    times = sorted(time for each in asking for time in each.times)
    failed = [text for each in asking for text in each.failed]
    if len(failed) > len(times) / 100:
        raise Failed(f"{len(failed)} of {len(times)} requests failed: {failed[0]}")
    return Measured(
        len(times) / seconds, 1e3 * at(times, 0.5), 1e3 * at(times, 0.99), len(failed), failed[0] if failed else ""
    )


def at(times: Sequence[float], share: float) -> float:
    """The value below which a share of the sorted times lies."""
    return times[min(len(times) - 1, int(len(times) * share))]


class _Asking(asyncio.Protocol):
    """One connection."""

    def __init__(self, make: Request, count: int, done: "asyncio.Future[None]") -> None:
        self.done = done
        self.times: list[float] = []
        self.failed: list[str] = []
        self._make = make
        self._left = count
        self._answer = b""
        self._begin = 0.0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none of asyncio's classes

    def ask(self) -> None:
        """Send the next request."""
        data = self._make()
        self._begin = perf_counter()
        self._transport.write(data)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        end = self._answer.find(b"\r\n\r\n")
        if end < 0 or len(self._answer) < end + 4 + _length(self._answer[:end]):
            return
        answer, self._answer = self._answer, b""
        self.times.append(perf_counter() - self._begin)
        if not answer.startswith(b"HTTP/1.1 2"):
            self.failed.append(answer[:300].decode(errors="replace"))
        self._left -= 1
        if self._left:
            self.ask()
        else:
            self._transport.close()
            self.done.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionResetError("the server closed the connection"))


def _length(head: bytes) -> int:
    name = b"\r\ncontent-length:"
    begin = head.lower().find(name)
    if begin < 0:
        return 0
    return int(head[begin + len(name) :].split(b"\r\n", 1)[0])
