"""`/api/files/{id}/content` of binary files: streamed in and out, by ranges, each content kept once."""

import asyncio
import hashlib
import random
from typing import Any

import pytest

from gateway.ranges import Unsatisfiable, byte_range
from store import blobs
from store.limits import BLOB_BYTES
from store.postgres import Postgres
from tests.rest.api import Api


@pytest.fixture
async def owner(api: Api) -> str:
    """Somebody's access token."""
    return await api.token()


@pytest.fixture
async def url(api: Api, owner: str) -> str:
    """The content of a new binary file of theirs."""
    return await new_url(api, owner, await api.project(owner), "images/cat \N{CAT FACE}.png")


async def new_url(api: Api, owner: str, project: str, path: str) -> str:
    body = {"path": path, "kind": "binary"}
    reply = await api.call("POST", f"/api/projects/{project}/files", token=owner, json=body)
    assert reply.status == 201, reply.body
    return f"/api/files/{reply.body['id']}/content"


async def get(api: Api, url: str, token: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and bytes."""
    headers["Authorization"] = f"Bearer {token}"
    async with api.client.get(url, headers={key.replace("_", "-"): value for key, value in headers.items()}) as answer:
        return answer.status, dict(answer.headers), await answer.read()


def some_bytes(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, (5 << 20) + 7])
async def test_bytes_come_back(api: Api, owner: str, url: str, size: int) -> None:
    """What was put is what is read, with its hash for an ETag and its size in the file."""
    data = some_bytes(size)
    put = await api.call("PUT", url, token=owner, raw=data)
    etag = hashlib.sha256(data).hexdigest()
    assert (put.status, put.body["etag"], put.body["size"]) == (200, etag, size)
    status, headers, read = await get(api, url, owner)
    assert (status, headers["Etag"], read == data) == (200, f'"{etag}"', True)
    file = await api.call("GET", url.removesuffix("/content"), token=owner)
    assert (file.body["size"], file.body["sha256"], file.body["version"]) == (size, etag, 2)
    assert (await get(api, url, owner, If_None_Match=f'"{etag}"'))[0] == 304


async def test_a_file_without_bytes_is_empty(api: Api, owner: str, url: str) -> None:
    """Before its bytes have come a binary file is read as empty."""
    assert (await get(api, url, owner))[::2] == (200, b"")


async def test_browsers_store_and_never_run_it(api: Api, owner: str, url: str) -> None:
    """Whatever the bytes say they are: a download, sandboxed, that no browser sniffs."""
    await api.call("PUT", url, token=owner, raw=b"<script>", headers={"Content-Type": "text/html"})
    _, headers, _ = await get(api, url, owner)
    assert headers["Content-Type"] == "text/html"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert (
        headers["Content-Disposition"] == "attachment; filename=\"cat _.png\"; filename*=UTF-8''cat%20%F0%9F%90%B1.png"
    )


@pytest.mark.parametrize(
    ("asked", "begin", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-", 10, None),
        ("bytes=-5", -5, None),
        ("bytes=-99999999", 0, None),
        (f"bytes={(1 << 20) - 3}-{(1 << 20) + 2}", (1 << 20) - 3, (1 << 20) + 3),
        ("bytes=5-99999999", 5, None),
    ],
)
async def test_ranges(api: Api, owner: str, url: str, asked: str, begin: int, end: int | None) -> None:
    """A range is answered with 206 and exactly these bytes, also across rows of the store."""
    data = some_bytes((2 << 20) + 10)
    await api.call("PUT", url, token=owner, raw=data)
    status, headers, read = await get(api, url, owner, Range=asked)
    first = begin if begin >= 0 else len(data) + begin
    assert (status, read == data[begin:end]) == (206, True)
    assert headers["Content-Range"] == f"bytes {first}-{first + len(read) - 1}/{len(data)}"


async def test_ranges_that_cannot_be(api: Api, owner: str, url: str) -> None:
    """Behind the end is 416; several ranges, nonsense, and a range of other bytes (If-Range) get everything."""
    await api.call("PUT", url, token=owner, raw=b"0123456789")
    status, headers, _ = await get(api, url, owner, Range="bytes=10-")
    assert (status, headers["Content-Range"]) == (416, "bytes */10")
    for asked in ("bytes=0-1,3-4", "bytes=5-2", "lines=1-2", "bytes=-", "bytes=x"):
        assert (await get(api, url, owner, Range=asked))[::2] == (200, b"0123456789")
    assert (await get(api, url, owner, Range="bytes=0-1", If_Range='"other"'))[0] == 200


def test_byte_ranges_by_brute_force() -> None:
    """For every small size and range: what a list of numbers gives for the same."""
    for size in range(5):
        numbers = list(range(size))
        for begin in range(7):
            for last in range(begin, 7):
                try:
                    found = byte_range(f"bytes={begin}-{last}", size)
                    assert found is not None
                    assert numbers[found[0] : found[1]] == numbers[begin : last + 1] != []
                except Unsatisfiable:
                    assert numbers[begin : last + 1] == []


@pytest.mark.parametrize("media_type", ["text/plain\n", "text/plain\r\nX-Evil: 1", "text", "a/b;c=d"])
async def test_media_types_that_are_none(api: Api, owner: str, media_type: str) -> None:
    """What cannot stand in a header is no media type: neither of a new file nor of an old one."""
    project = await api.project(owner)
    body = {"path": "a.bin", "kind": "binary", "media_type": media_type}
    problem = (await api.call("POST", f"/api/projects/{project}/files", token=owner, json=body)).problem(422, "invalid")
    assert problem["errors"][0]["pointer"] == "/media_type"
    url = await new_url(api, owner, project, "b.bin")
    file, change = url.removesuffix("/content"), {"media_type": media_type}
    (await api.call("PATCH", file, token=owner, json=change)).problem(422, "invalid")
    assert (await get(api, url, owner))[0] == 200


async def test_of_two_puts_one_wins(api: Api, owner: str, url: str) -> None:
    """Of several who replace the same bytes one gets 200, the others 412, and the bytes are the winner's."""
    first = (await api.call("PUT", url, token=owner, raw=b"first")).body["etag"]
    match = {"If-Match": f'"{first}"'}
    puts = [api.call("PUT", url, token=owner, raw=b"%d" % n, headers=match) for n in range(5)]
    replies = await asyncio.gather(*puts)
    assert sorted(reply.status for reply in replies) == [200, 412, 412, 412, 412]
    winner = next(n for n, reply in enumerate(replies) if reply.status == 200)
    assert (await get(api, url, owner))[2] == b"%d" % winner


async def test_same_bytes_are_kept_once(api: Api, owner: str, postgres: Postgres) -> None:
    """The same bytes in many files, also put at the same moment, are stored once."""
    project = await api.project(owner)
    data = some_bytes(3 << 20, seed=7)
    urls = [await new_url(api, owner, project, f"{n}") for n in range(6)]
    await asyncio.gather(*(api.call("PUT", url, token=owner, raw=data) for url in urls))
    for url in urls:
        assert (await get(api, url, owner))[2] == data
    hashed = hashlib.sha256(data).digest()
    assert [len(await blobs.read_chunk(postgres, hashed, n) or b"") for n in range(4)] == [1 << 20] * 3 + [0]


async def test_too_many_bytes(api: Api, owner: str, url: str) -> None:
    """More than a file may have is 413, said before they are sent, or as soon as there are too many."""

    async def pieces() -> Any:
        for _ in range(BLOB_BYTES // (1 << 20) + 1):
            yield bytes(1 << 20)

    headers = {"Authorization": f"Bearer {owner}"}
    async with api.client.put(url, data=pieces(), headers=headers) as answer:
        assert answer.status == 413
    assert (await get(api, url, owner))[2] == b""


async def test_bytes_do_not_come_as_text(api: Api, owner: str) -> None:
    """A binary file takes no content when it is made."""
    project = await api.project(owner)
    body = {"path": "x.png", "kind": "binary", "content": "x"}
    reply = await api.call("POST", f"/api/projects/{project}/files", token=owner, json=body)
    assert reply.problem(422, "invalid")["errors"][0]["pointer"] == "/content"
