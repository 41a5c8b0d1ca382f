"""An archive that somebody brings: all of it is looked at before anything of it is kept. Blocks; called in threads.

    table of contents ──► names, kinds, sizes ──► every byte unpacked once: text or not, hash, CRC ──► entries

Nothing is ever written to a path of the archive's: its names are keys in a database, by the rules of all files.
"""

import codecs
import hashlib
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Final

from gateway.archives.limits import ENTRIES, PIECE_BYTES, RATIO, RATIO_FREE_BYTES, TABLE_BYTES, UNPACKED_BYTES
from schemas.documents import InvalidName, new_path
from schemas.files import TEXT_BYTES
from store.file_changes import folders_of
from store.limits import BLOB_BYTES

ENCRYPTED: Final = 0x1 | 0x40
UTF8_NAME: Final = 0x800
JUNK: Final = "__MACOSX/"
"""What the Finder adds beside the files: nobody's files."""
UNREADABLE: Final = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, struct.error)
"""What zipfile raises at bytes that are no archive."""


class BadArchive(Exception):
    """The archive cannot be taken as a whole; the text says which entry is why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of the archive."""

    path: str
    info: zipfile.ZipInfo
    is_text: bool
    size: int
    hash: bytes
    """SHA-256 of its bytes."""


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive without fault."""

    zip: zipfile.ZipFile
    entries: list[Entry]
    skipped: int

    def open(self, entry: Entry) -> IO[bytes]:
        """The bytes of an entry, from the beginning."""
        return self.zip.open(entry.info)

    def text(self, entry: Entry) -> str:
        """The text of an entry that is one."""
        with self.open(entry) as file:
            return b"".join(_pieces(file)).decode()


def read_archive(file: IO[bytes], packed: int) -> Archive:
    """Look at every entry of an archive of `packed` bytes. Raises BadArchive."""
    try:
        archive = zipfile.ZipFile(_ShortReads(file))
    except UNREADABLE as error:
        raise BadArchive(f"this is no zip archive: {error}") from None
    named, skipped = _names(archive)
    budget = _Budget(packed)
    entries = []
    for path, info in named.items():
        try:
            with archive.open(info) as opened:
                entries.append(_look(path, info, opened, budget))
        except (*UNREADABLE, RuntimeError) as error:
            raise BadArchive(f"{path!r} cannot be unpacked: {error}") from None
    return Archive(archive, entries, skipped)


def _names(archive: zipfile.ZipFile) -> tuple[dict[str, zipfile.ZipInfo], int]:
    """The files by path, and how many entries nobody wants."""
    named: dict[str, zipfile.ZipInfo] = {}
    skipped = 0
    for info in archive.infolist():
        name = _name(info)
        if name.startswith(JUNK):
            skipped += 1
            continue
        _check_kind(info, name)
        if name.endswith("/"):
            continue  # a folder: it is where its files are
        try:
            path = new_path(name)
        except InvalidName as error:
            raise BadArchive(f"{name!r}: {error}") from None
        if path in named:
            raise BadArchive(f"{path!r} is in the archive twice")
        named[path] = info
        if len(named) > ENTRIES:
            raise BadArchive(f"the archive has more than {ENTRIES} files")
    both = folders_of(named) & named.keys()
    if both:
        raise BadArchive(f"{min(both)!r} is a file and a folder")
    if sum(info.file_size for info in named.values()) > UNPACKED_BYTES:
        raise BadArchive(f"unpacked it has more than {UNPACKED_BYTES} bytes")
    return named, skipped


def _name(info: zipfile.ZipInfo) -> str:
    # As it stands in the archive: zipfile cuts `filename` at a NUL.
    name = info.orig_filename
    if not info.flag_bits & UTF8_NAME:
        try:
            # zipfile takes it for CP437, as the format has it; most programs write UTF-8 all the same.
            name = name.encode("cp437").decode()
        except UnicodeError:
            return name
    return name


def _check_kind(info: zipfile.ZipInfo, name: str) -> None:
    mode = info.external_attr >> 16
    kind = stat.S_IFMT(mode)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise BadArchive(f"{name!r} is a link or a device; archives may hold files and folders")
    if info.flag_bits & ENCRYPTED:
        raise BadArchive(f"{name!r} is encrypted")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise BadArchive(f"{name!r} is packed by a method other than deflate")


class _Budget:
    """Counts what is really unpacked, whatever the table of contents says."""

    def __init__(self, packed: int) -> None:
        self._left = min(UNPACKED_BYTES, RATIO_FREE_BYTES + packed * RATIO)

    def take(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise BadArchive(f"it unpacks to more than {UNPACKED_BYTES} bytes, or {RATIO} times its own size")


def _look(path: str, info: zipfile.ZipInfo, file: IO[bytes], budget: _Budget) -> Entry:
    hashed, decoder = hashlib.sha256(), codecs.getincrementaldecoder("utf-8")()
    size, is_text = 0, True
    for data in _pieces(file):
        budget.take(len(data))
        size += len(data)
        if size > BLOB_BYTES:
            raise BadArchive(f"{path!r} has more than {BLOB_BYTES} bytes")
        hashed.update(data)
        is_text = is_text and size <= TEXT_BYTES and _goes_on(decoder, data)
    is_text = is_text and _goes_on(decoder, b"", final=True)
    return Entry(path, info, is_text, size, hashed.digest())


def _goes_on(decoder: codecs.IncrementalDecoder, data: bytes, final: bool = False) -> bool:
    try:
        return "\x00" not in decoder.decode(data, final)
    except UnicodeDecodeError:
        return False


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    while data := file.read(PIECE_BYTES):
        yield data


class _ShortReads:
    """The file as zipfile sees it: that reads the table of contents in one go, as long as the archive claims it is."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell, self.close = file.seek, file.tell, file.close

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(TABLE_BYTES + 1 if size < 0 else size) if size <= TABLE_BYTES else None
        if data is None or len(data) > TABLE_BYTES:
            raise zipfile.BadZipFile(f"its table of contents has more than {TABLE_BYTES} bytes")
        return data

    def seekable(self) -> bool:
        return True
