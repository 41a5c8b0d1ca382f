"""A cable between a gateway and PostgreSQL that a test can cut and mend, while everybody else keeps the server."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from tests.rest.databases import with_parts


class Cable:
    """Forwards one unix socket to PostgreSQL's. `url` leads through it."""

    def __init__(self, url: str, folder: Path) -> None:
        parts = conninfo_to_dict(url)
        self._host = str(parts.get("host", "127.0.0.1"))
        self._port = int(parts.get("port") or 5432)
        self._here = folder / ".s.PGSQL.5432"
        self.url = with_parts(url, host=folder, port=5432)
        self.connections = 0  # that were made so far
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()

    async def mend(self) -> None:
        """Let connections be made."""
        self._server = await asyncio.start_unix_server(self._connect, self._here)

    async def cut(self) -> None:
        """Break all connections, and refuse new ones."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self._here.unlink(missing_ok=True)
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)
        self._pumps.clear()

    def freeze(self) -> None:
        """Keep connections open and accept new ones, but let nothing through."""
        self._flowing.clear()

    def thaw(self) -> None:
        """Let everything through again, also what waited."""
        self._flowing.set()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self._host.startswith("/"):
            far = await asyncio.open_unix_connection(f"{self._host}/.s.PGSQL.{self._port}")
        else:
            far = await asyncio.open_connection(self._host, self._port)
        self._writers |= {writer, far[1]}
        for source, sink in ((reader, far[1]), (far[0], writer)):
            self._pumps.add(asyncio.ensure_future(self._pump(source, sink)))

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65_536):
                await self._flowing.wait()
                sink.write(data)
                await sink.drain()
        sink.close()


@asynccontextmanager
async def cable_to(url: str) -> AsyncIterator[Cable]:
    """A cable that is whole at first."""
    folder = Path(tempfile.mkdtemp(prefix="cable-"))  # short: a socket's path has at most 107 bytes
    cable = Cable(url, folder)
    await cable.mend()
    try:
        yield cable
    finally:
        cable.thaw()
        await cable.cut()
        shutil.rmtree(folder)
