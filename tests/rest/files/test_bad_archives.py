"""Archives that are refused (gateway/archives/reading.py), each for one reason, before anything of them is kept."""

import io
import random
import tracemalloc
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as some

from gateway.archives.limits import ENTRIES, TABLE_BYTES
from gateway.archives.reading import Archive, BadArchive, read_archive
from tests.rest.files.archives import archive, overlapping_bomb, raw_archive


def read(data: bytes) -> Archive:
    return read_archive(io.BytesIO(data), len(data))


def refusal(data: bytes) -> str:
    with pytest.raises(BadArchive) as caught:
        read(data)
    return str(caught.value)


def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


TRAVERSAL = [
    b"../a",
    b"a/../../b",
    b"/etc/passwd",
    b"a//b",
    b"./a",
    b"..",
    b"..\\a",
    b"C:\\a",
    b"\\\\host\\a",
    b"a\x00b",
    b"a\nb",
    b"",
    b"x" * 256,
    b"\xff\xfe",
    b"\xed\xa0\x80",
]


@pytest.mark.parametrize("name", TRAVERSAL)
@pytest.mark.parametrize("flags", [0, 0x800])
def test_names_that_lead_astray(name: bytes, flags: int) -> None:
    """A name that climbs, is absolute, hides something behind a NUL, or has backslashes, is refused."""
    if flags == 0 and name in (b"\xff\xfe", b"\xed\xa0\x80"):
        assert len(read(raw_archive([(name, b"x")], flags=flags)).entries) == 1  # text of an old code page
    else:
        refusal(raw_archive([(name, b"x")], flags=flags))


@pytest.mark.parametrize("mode", [0o120777, 0o010644, 0o020644, 0o060644, 0o140644])
def test_links_and_devices(mode: int) -> None:
    """Symbolic links, pipes, devices and sockets are refused."""
    assert "link" in refusal(raw_archive([(b"a", b"/etc/passwd")], mode=mode))


def test_what_is_twice() -> None:
    """Two entries of one name, also in two ways to write its accents, and a file that is a folder, are refused."""
    assert "twice" in refusal(raw_archive([(b"a", b"1"), (b"a", b"2")]))
    assert "twice" in refusal(raw_archive([("caf\u00e9".encode(), b"1"), ("cafe\u0301".encode(), b"2")]))
    assert "folder" in refusal(raw_archive([(b"a/b", b"1"), (b"a", b"2")]))
    assert "folder" in refusal(raw_archive([(b"a", b"1"), (b"a/b/c", b"2")]))


def test_encrypted() -> None:
    """Encrypted entries are refused, before anybody asks for a password."""
    assert "encrypted" in refusal(raw_archive([(b"a", b"x")], flags=0x801))
    assert "encrypted" in refusal(raw_archive([(b"a", b"x")], flags=0x841))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_methods(method: int) -> None:
    """What is packed by a method that takes much memory is refused."""
    assert "deflate" in refusal(archive({"a": "x" * 1000}, method))


def test_bombs() -> None:
    """A bomb is stopped after a bounded number of bytes, whatever it claims, also one whose entries overlap."""
    zeros = 64 << 20
    data = archive({f"{n}": bytes(zeros) for n in range(2)})
    tracemalloc.start()
    assert "times its own size" in refusal(data)
    assert tracemalloc.get_traced_memory()[1] < 16 << 20
    tracemalloc.stop()
    refusal(overlapping_bomb(100, 10 << 20))
    # What it claims is not what it is.
    small = deflated(bytes(zeros))
    refusal(raw_archive([(b"a", b"x")], method=8, packed=small, claimed=zeros))
    refusal(raw_archive([(b"a", b"x")], method=8, packed=small, claimed=1))


def test_too_many_entries() -> None:
    """More files than an archive may have, and a table of contents that is longer than any such, are refused."""
    assert "files" in refusal(raw_archive([(b"%d" % n, b"") for n in range(ENTRIES + 1)]))
    assert len(read(raw_archive([(b"%d" % n, b"") for n in range(ENTRIES)])).entries) == ENTRIES
    names = [(b"%07d/" % n + b"y" * 200, b"") for n in range(TABLE_BYTES // 250 + 1)]
    assert "table of contents" in refusal(raw_archive(names))


def test_text_or_not() -> None:
    """Text is what is UTF-8 without NUL; all else is binary; what the Finder adds is left out; folders are no files."""
    found = read(
        archive(
            {
                "a.md": "# caf\u00e9\r\n",
                "empty": b"",
                "b.png": b"\x89PNG\r\n\x1a\n",
                "nul": b"a\x00b",
                "cut.txt": "\u00e9".encode()[:1],
                "folder/": b"",
                "__MACOSX/._a.md": b"x",
            }
        )
    )
    kinds = {entry.path: entry.is_text for entry in found.entries}
    assert kinds == {"a.md": True, "empty": True, "b.png": False, "nul": False, "cut.txt": False}
    assert found.skipped == 1
    texts = {entry.path: found.text(entry) for entry in found.entries if entry.is_text}
    assert texts == {"a.md": "# caf\u00e9\r\n", "empty": ""}


@given(some.binary(max_size=200))
def test_no_archive_at_all(data: bytes) -> None:
    """Bytes that are no archive are refused, and nothing else happens."""
    refusal(data)


def test_damaged_archives() -> None:
    """An archive in which bytes were changed is refused, or gives what stood in it: its checksums hold."""
    files = {f"folder/{n}.txt": (f"text {n} " * 50).encode() for n in range(5)}
    good = archive(files)
    chance = random.Random(7)
    taken = 0
    for _ in range(1500):
        data = bytearray(good)
        for _ in range(chance.choice([1, 1, 2, 8])):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            found = read(bytes(data))
        except BadArchive:
            continue
        taken += 1
        for entry in found.entries:
            with found.open(entry) as file:
                assert file.read(1 << 20) in files.values()
    assert taken < 1500
