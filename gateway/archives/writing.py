"""An archive of a project, written while it is sent: each piece is packed, taken, and forgotten.

    async for piece in zipped(files) ──► response.write(piece)

What stays in memory is the table of contents (some 300 bytes for each file) and one piece.
"""

import asyncio
import io
import zipfile
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

FIRST_YEAR: Final = 1980
"""MS-DOS time begins there."""
FILE_MODE: Final = 0o100644 << 16


@dataclass(frozen=True, slots=True)
class Item:
    """One file to be written."""

    path: str
    at: datetime
    is_text: bool
    data: AsyncIterator[bytes]


async def zipped(items: AsyncIterator[Item]) -> AsyncGenerator[bytes, None]:
    """The archive in pieces. What an item raises ends it without its table of contents: nobody takes it for whole."""
    sink = _Sink()
    archive = zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED)
    async for item in items:
        with archive.open(_info(item), "w", force_zip64=False) as entry:
            async for data in item.data:
                # Packing 1 MB takes 30 ms: not in the loop.
                await asyncio.to_thread(entry.write, data)
                if piece := sink.take():
                    yield piece
    archive.close()
    yield sink.take()


def _info(item: Item) -> zipfile.ZipInfo:
    at = item.at.astimezone(UTC)
    # A backslash, which old files may have in their names, is a folder to some programs.
    name = item.path.replace("\\", "_")
    info = zipfile.ZipInfo(name, (max(at.year, FIRST_YEAR), at.month, at.day, at.hour, at.minute, at.second))
    info.external_attr = FILE_MODE
    info.compress_type = zipfile.ZIP_DEFLATED
    # What is binary is mostly packed already: try little.
    info._compresslevel = 6 if item.is_text else 1  # type: ignore[attr-defined]  # public as `compress_level` from 3.13 on
    return info


class _Sink(io.RawIOBase):
    """Takes what zipfile writes until somebody takes it away. It cannot be sought, so sizes are written behind data."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        self._pieces.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        """All that was written since the last time."""
        taken, self._pieces = b"".join(self._pieces), []
        return taken
