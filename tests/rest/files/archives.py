"""Zip archives for tests: good ones, and those that nobody should ever take."""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping


def archive(files: Mapping[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive as Python makes it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as writer:
        for name, data in files.items():
            writer.writestr(name, data)
    return buffer.getvalue()


def raw_archive(
    entries: list[tuple[bytes, bytes]],
    *,
    flags: int = 0x800,
    mode: int = 0o100644,
    method: int = 0,
    packed: bytes | None = None,
    claimed: int | None = None,
) -> bytes:
    """Byte for byte: names that no library writes. `packed` are the stored bytes, `claimed` their unpacked size."""
    out, table = bytearray(), bytearray()
    for name, data in entries:
        body = data if packed is None else packed
        size = len(data) if claimed is None else claimed
        common = struct.pack("<HHHHHIIIHH", 20, flags, method, 0, 0x21, zlib.crc32(data), len(body), size, len(name), 0)
        table += b"PK\x01\x02" + struct.pack("<H", 3 << 8 | 20) + common
        table += struct.pack("<HHHII", 0, 0, 0, mode << 16, len(out)) + name
        out += b"PK\x03\x04" + common + name + body
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, len(entries), len(entries), len(table), len(out), 0)
    return bytes(out + table + end)


def overlapping_bomb(count: int, size: int) -> bytes:
    """Many entries of the table of contents that share one piece of packed bytes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(bytes(size)) + packer.flush()
    name, crc = b"bomb", zlib.crc32(bytes(size))
    common = struct.pack("<HHHHHIIIHH", 20, 0x800, 8, 0, 0x21, crc, len(packed), size, len(name), 0)
    out = b"PK\x03\x04" + common + name + packed
    table = b""
    for number in range(count):
        # The local header has the one name; the table of contents another for each.
        own = b"b%03d" % number
        table += b"PK\x01\x02" + struct.pack("<H", 20) + common + struct.pack("<HHHII", 0, 0, 0, 0, 0) + own
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(table), len(out), 0)
    return out + table + end


def names_of(data: bytes) -> dict[str, bytes]:
    """What an archive holds; raises where it is not whole."""
    with zipfile.ZipFile(io.BytesIO(data)) as reader:
        assert reader.testzip() is None
        return {info.filename: reader.read(info) for info in reader.infolist()}
