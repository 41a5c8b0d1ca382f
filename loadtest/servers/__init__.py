"""What is measured: each file starts one kind of server on free ports, tells where clients sit, and stops it again.

A server counts the CPU and memory of every process that serves; what runs beside it (Atrium's worker and PostgreSQL)
is shown apart.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from loadtest.connection import Seat
from loadtest.dialects import Dialect


@dataclass(frozen=True, slots=True)
class Workshop:
    """What all servers of one run share: a temporary folder, where to say what happens, the path of Node.js."""

    folder: Path
    say: Callable[[str], None]
    node: str | None


class Server(Protocol):
    """One kind of server. `start` after `stop` goes on with the rooms that were prepared, where it keeps any."""

    @property
    def name(self) -> str: ...

    @property
    def dialect(self) -> Dialect: ...

    async def start(self) -> None:
        """Raises StartFailed with the last lines that the server printed."""

    async def prepare(self, rooms: int) -> None:
        """Makes rooms 0 to `rooms` - 1, empty and never used before."""

    def seat(self, room: int, client: int, *, acknowledged: bool = False) -> Seat:
        """Where client number `client` of a room connects. Clients take the server's processes in turn."""

    def serving(self) -> dict[str, int]:
        """Process ids by name of all that must run for clients to be served."""

    def aside(self) -> dict[str, int]:
        """Process ids by name of what runs beside them and is shown apart."""

    async def figures(self) -> Mapping[str, float]:
        """What the first of its processes says of itself, by the names of /metrics; nothing if it does not."""

    def versions(self) -> dict[str, str]: ...

    async def stop(self) -> None: ...
