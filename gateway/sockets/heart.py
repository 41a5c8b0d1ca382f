"""A gateway's place among the others: signs of life in the registry, and which gateway is whose home."""

import asyncio
from uuid import UUID

import structlog

from gateway.sockets.limits import FAREWELL, HEARTBEAT
from rooms.figures import Figures
from rooms.homes import home
from rooms.open_documents import OpenDocuments
from schemas.unavailable import Unavailable
from store.document_log import DocumentLog
from store.registry import Gateway, Registry

logger = structlog.get_logger("gateway.heart")
LOOK_AROUND = 5
"""Signs of life between two looks whether announcements were missed without any error."""


class Heart:
    """One per gateway; `run` is its task."""

    def __init__(
        self, registry: Registry, name: str, url: str, figures: Figures, documents: OpenDocuments, log: DocumentLog
    ) -> None:
        self._registry = registry
        self._name = name
        self._url = url
        self._figures = figures
        self._documents = documents
        self._log = log
        self._live: dict[str, str] = {name: url}
        self._stopping = False
        self.dirty, self.snapshot_lag, self.failing = 0, 0.0, 0
        """Documents without a complete snapshot, for how many seconds the oldest, and how many fail again and again."""

    async def home_url(self, project_id: UUID) -> str:
        """The WebSocket base of the project's home, as of the last sign of life."""
        return self._live[home(str(project_id), self._live) or self._name]

    async def run(self) -> None:
        """Beat for ever; cancel to stop."""
        beaten, suspicious, beats = False, False, 0
        while not self._stopping:
            try:
                knew, live = await self._registry.renew(Gateway(self._name, self._url, self._figures.connections))
                self._live = {gateway.id: gateway.url for gateway in live}
                # Redis forgot us: it was emptied, or we were frozen. Either way the logs may have lost records.
                suspicious |= beaten and not knew
                beaten = True
                if suspicious:
                    await self._documents.check_all()
                    suspicious = False
                self.dirty, self.snapshot_lag = await self._log.snapshot_lag()
                self.failing = await self._log.failing()
                beats += 1
                if beats % LOOK_AROUND == 0:
                    await self._documents.check_behind()
            except Unavailable as error:
                logger.warning("no sign of life", reason=str(error))
            await asyncio.sleep(HEARTBEAT)
        await asyncio.Event().wait()

    async def stop(self) -> None:
        """This gateway takes no more rooms."""
        self._stopping = True
        try:
            async with asyncio.timeout(FAREWELL):
                await self._registry.leave(self._name)
        except (Unavailable, TimeoutError) as error:
            logger.warning("could not leave the registry", reason=str(error) or "no answer in time")
