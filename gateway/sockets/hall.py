"""What every session needs: who may enter, the open documents, and the tasks that bring a peer to its seat."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from gateway.access import Access, Gate
from gateway.access_watch import AccessWatch
from gateway.paths import Paths
from gateway.sockets.connection import Connection
from gateway.sockets.gathered import Gathered
from gateway.sockets.limits import CONNECTIONS_PER_ADDRESS
from gateway.sockets.wheel import Wheel
from rooms.document import Document
from rooms.figures import Figures
from rooms.open_documents import OpenDocuments
from schemas.close_codes import CloseCode
from schemas.documents import DocumentName, named, project_of

logger = structlog.get_logger("gateway.sockets")
TOO_MANY: Final = "too many connections from your address"


@dataclass(slots=True)
class Hall:
    """One per process."""

    gate: Gate
    paths: Paths
    watch: AccessWatch
    documents: OpenDocuments
    wheel: Wheel
    figures: Figures
    gathered: Gathered = field(default_factory=Gathered)
    connections: set[Connection] = field(default_factory=set)
    draining: bool = False
    _addresses: Counter[str] = field(default_factory=Counter)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def admit(self, connection: Connection, address: str) -> bool:
        """Count a connection from this client address; False, and it is closing, where it may not stay."""
        self.connections.add(connection)
        fits = self.arrive(address)
        if self.draining:
            connection.close(CloseCode.RESTART.value, "the server is restarting; come back")
        elif not fits:
            connection.close(CloseCode.RATE_LIMITED.value, TOO_MANY)
        return not connection.closing

    def dismiss(self, connection: Connection, address: str) -> None:
        """The connection has ended; called once for each that was admitted."""
        self.connections.discard(connection)
        self.depart(address)

    def arrive(self, address: str) -> bool:
        """Count a connection of any dialect; False where it is one too many. `depart` takes it back in both cases."""
        self._addresses[address] += 1
        fits = self._addresses[address] <= CONNECTIONS_PER_ADDRESS
        self.figures.refused["connections per address"] += not fits
        return fits

    def depart(self, address: str) -> None:
        """It has ended."""
        self._addresses[address] -= 1
        if not self._addresses[address]:
            del self._addresses[address]

    async def enter(self, connection: Connection, token: str, name: DocumentName) -> tuple[Access, Document]:
        """Authorise, then open what is there. Raises Denied, InvalidName, Unavailable or TimeoutError."""
        # The lines that opening writes say for whom it was.
        with structlog.contextvars.bound_contextvars(connection=connection.id):
            access = await self.gate.authorise(token, str(project_of(name)))
            return access, await self.documents.open(await self.paths.document_at(access, name))

    def joined(self, connection: Connection, document: Document, access: Access) -> None:
        """One line in the log."""
        logger.info(
            "joined", connection=connection.id, **named(document.name), user=str(access.user_id), role=access.role.value
        )

    def left(self, connection: Connection, document: Document) -> None:
        """One line in the log."""
        logger.info("left", connection=connection.id, **named(document.name))

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run in the background until it is done."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
