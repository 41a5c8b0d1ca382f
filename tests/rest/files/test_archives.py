"""`/api/projects/{id}/import` and `…/export`, on the whole of Atrium."""

from __future__ import annotations

import asyncio
import io
import random
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from gateway.archives.limits import ARCHIVE_BYTES
from tests.rest.files.archives import archive, names_of, raw_archive
from tests.support.raw_client import RawClient
from tests.support.stack import Stack
from tests.support.waiting import wait_until


@dataclass
class Scene:
    """Somebody with a project, who asks the first gateway unless told otherwise."""

    stack: Stack
    http: aiohttp.ClientSession
    token: str
    project: str

    async def call(self, method: str, path: str, *, gateway: int = 0, **options: Any) -> tuple[int, Any]:
        """Status, and JSON or bytes."""
        url = f"{self.stack.urls[gateway]}{path}"
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self.http.request(method, url, headers=headers, **options) as answer:
            is_json = answer.content_type.endswith("json")
            return answer.status, await answer.json(content_type=None) if is_json else await answer.read()

    async def bring(self, data: bytes, query: str = "", **options: Any) -> tuple[int, Any]:
        """Import an archive."""
        return await self.call("POST", f"/api/projects/{self.project}/import{query}", data=io.BytesIO(data), **options)

    async def export(self, gateway: int = 0) -> dict[str, bytes]:
        """What the export holds."""
        status, data = await self.call("GET", f"/api/projects/{self.project}/export", gateway=gateway)
        assert status == 200, data
        return names_of(data)

    async def paths(self) -> list[str]:
        status, body = await self.call("GET", f"/api/projects/{self.project}/files?limit=100")
        assert status == 200, body
        return [item["path"] for item in body["items"]]

    def socket(self, path: str, gateway: int = 0) -> str:
        return f"{self.stack.ws_urls[gateway]}/collab/{self.project}/{path}?token={self.token}&acks=1"


@pytest.fixture
async def scene(stack: Stack) -> AsyncIterator[Scene]:
    token = await asyncio.to_thread(stack.guest)
    project = await asyncio.to_thread(stack.project, token)
    async with aiohttp.ClientSession() as http:
        yield Scene(stack, http, token, project)


FILES: dict[str, bytes | str] = {
    "read me.md": "# Café 👩‍👩‍👧‍👦\r\n",
    "src/a/b.py": "print('x')\n" * 1000,
    "empty.txt": "",
    "img/dot.png": random.Random(3).randbytes(3_000_000),
    "nul.bin": b"a\x00b",
}


def as_bytes(files: dict[str, bytes | str]) -> dict[str, bytes]:
    return {path: data.encode() if isinstance(data, str) else data for path, data in files.items()}


async def test_there_and_back(scene: Scene) -> None:
    """What an archive brought is what the export gives, byte for byte, from every gateway; texts are live documents."""
    status, body = await scene.bring(archive(FILES))
    assert (status, body) == (200, {"created": 5, "replaced": 0, "unchanged": 0, "skipped": 0})
    assert await scene.export(gateway=0) == as_bytes(FILES)
    assert await scene.export(gateway=1) == as_bytes(FILES)
    async with RawClient(scene.http, [scene.socket("read%20me.md", gateway=1)]) as client:
        await asyncio.wait_for(client.synced.wait(), 20)
        assert client.text == FILES["read me.md"]
    again = await scene.bring(archive(FILES), "?on_conflict=replace")
    assert again == (200, {"created": 0, "replaced": 0, "unchanged": 5, "skipped": 0})


async def test_the_export_has_what_is_typed(scene: Scene) -> None:
    """The export has the texts as they are now: what was acknowledged a moment ago is in it."""
    async with RawClient(scene.http, [scene.socket("typed")]) as client:
        await asyncio.wait_for(client.synced.wait(), 20)
        for _ in range(5):
            client.type(3)
            await wait_until(lambda: client.all_acknowledged, "acknowledgements")
            assert (await scene.export(gateway=1))["typed"].decode() == client.text


async def test_what_is_in_the_way(scene: Scene) -> None:
    """A path where a file is: refused as a whole, left alone, or replaced, as the importer says."""
    await scene.bring(archive({"a": "one", "b.bin": b"\xff1"}))
    fresh = archive({"a": "two", "b.bin": b"\xff2", "c": "new"})
    status, body = await scene.bring(fresh)
    assert (status, await scene.paths()) == (409, ["a", "b.bin"])
    assert "'a'" in body["detail"]
    assert await scene.bring(fresh, "?on_conflict=skip") == (
        200,
        {"created": 1, "replaced": 0, "unchanged": 0, "skipped": 2},
    )
    assert await scene.export() == {"a": b"one", "b.bin": b"\xff1", "c": b"new"}
    assert (await scene.bring(fresh, "?on_conflict=replace"))[1] == {
        "created": 0,
        "replaced": 2,
        "unchanged": 1,
        "skipped": 0,
    }
    assert await scene.export() == {"a": b"two", "b.bin": b"\xff2", "c": b"new"}
    # A text does not become binary, nor a file a folder.
    others: list[tuple[str, bytes | str]] = [("a", b"\xff"), ("b.bin", "text"), ("a/below", "x")]
    for path, data in others:
        status, _ = await scene.bring(archive({"d": "x", path: data}), "?on_conflict=replace")
        assert status == 409
    assert await scene.paths() == ["a", "b.bin", "c"]
    assert (await scene.bring(fresh, "?on_conflict=perhaps"))[0] == 422


async def test_replacing_what_people_type_in(scene: Scene) -> None:
    """An import that replaces a text is an edit like others: whoever types in it sees it, stays, and types on."""
    await scene.bring(archive({"a": "one\ntwo\nthree\n"}))
    async with (
        RawClient(scene.http, [scene.socket("a")]) as here,
        RawClient(scene.http, [scene.socket("a", gateway=1)]) as there,
    ):
        await asyncio.wait_for(asyncio.gather(here.synced.wait(), there.synced.wait()), 20)
        bringing = asyncio.create_task(scene.bring(archive({"a": "one\n2\nthree\n"}), "?on_conflict=replace"))
        while not bringing.done():
            here.type()
            there.type()
            await asyncio.sleep(0.001)
        assert (await bringing)[0] == 200
        # What was typed before the import took the text, and is not in the archive, is gone: that is its order.
        before = here.typed
        for _ in range(20):
            here.type()
        await wait_until(lambda: here.all_acknowledged and there.all_acknowledged, "acknowledgements")
        await wait_until(lambda: here.text == there.text, "the same text")
        assert all(token in here.text for token in here.tokens[before:])
        assert "two" not in here.text
        assert re.sub("<[^>]*>", "", here.text) == "one\n2\nthree\n"
        for client in (here, there):
            assert client.codes == [] and client.wrong == []


async def test_nothing_of_a_bad_archive(scene: Scene) -> None:
    """One bad entry, and nothing of the archive is taken: also where it is the last of many."""
    many = [(b"%d" % number, b"x") for number in range(500)]
    for bad in (b"../up", b"0", b"1/2"):
        status, body = await scene.bring(raw_archive([*many, (bad, b"x")]))
        assert (status, body["type"]) == (422, "/problems#invalid"), bad
    assert (await scene.bring(b"no archive"))[0] == 422
    assert (await scene.bring(b""))[0] == 422
    assert await scene.paths() == []


async def test_too_large_an_archive(scene: Scene) -> None:
    """More bytes than an archive may have are refused before they are sent."""
    headers = {"Content-Length": str(ARCHIVE_BYTES + 1), "Authorization": f"Bearer {scene.token}"}

    async def nothing() -> AsyncIterator[bytes]:
        yield b"PK"

    url = f"{scene.stack.urls[0]}/api/projects/{scene.project}/import"
    async with scene.http.post(url, data=nothing(), headers=headers) as answer:
        assert answer.status == 413


async def test_two_imports_of_the_same(scene: Scene) -> None:
    """Of two who bring the same paths at the same moment one makes them, the other is told of the conflict."""
    data = archive({f"{number}": f"text {number}" for number in range(300)})
    replies = await asyncio.gather(*(scene.bring(data, gateway=number) for number in range(2)))
    assert sorted(status for status, _ in replies) == [200, 409]
    assert len(await scene.export()) == 300


async def test_many_files(scene: Scene) -> None:
    """A project of 3,000 files with long paths goes out and comes back; its list comes in pages."""
    files: dict[str, bytes | str] = {f"{'folder' * 20}/{n % 7}/{n:04} {'n' * 180}.md": f"{n}" for n in range(3000)}
    status, body = await scene.bring(archive(files))
    assert (status, body["created"]) == (200, 3000)
    assert await scene.export() == as_bytes(files)
    seen: list[str] = []
    cursor = ""
    while True:
        _, page = await scene.call("GET", f"/api/projects/{scene.project}/files?limit=100{cursor}")
        seen += [item["path"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == sorted(files)
