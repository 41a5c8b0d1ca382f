"""Files and what people type in them, over processes that die."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp

from tests.conftest import MakeStack
from tests.support.raw_client import RawClient
from tests.support.waiting import wait_until


async def test_files_outlive_processes(own_stack: MakeStack) -> None:
    """What was made, moved, deleted and typed before a gateway and Redis were killed is so afterwards; who did it is
    known once a worker has seen it."""
    stack = await asyncio.to_thread(own_stack, gateways=1, workers=1)
    token = await asyncio.to_thread(stack.guest)
    project = await asyncio.to_thread(stack.project, token)
    headers = {"Authorization": f"Bearer {token}"}

    async with aiohttp.ClientSession() as http:

        async def call(method: str, url: str, **body: Any) -> Any:
            async with http.request(method, stack.urls[0] + url, json=body or None, headers=headers) as answer:
                assert answer.status < 300, await answer.text()
                return await answer.json() if answer.content_type.endswith("json") else await answer.text()

        def socket(path: str) -> str:
            return f"{stack.ws_urls[0]}/collab/{project}/{path}?token={token}&acks=1"

        files = f"/api/projects/{project}/files"
        kept = await call("POST", files, path="kept", content="begun ")
        gone = await call("POST", files, path="gone", content="x")
        await call("DELETE", f"/api/files/{gone['id']}")
        async with RawClient(http, [socket("kept")]) as client:
            await asyncio.wait_for(client.synced.wait(), 20)
            client.type(5)
            await call("PATCH", f"/api/files/{kept['id']}", path="moved/kept")
            client.type(5)
            await wait_until(lambda: client.all_acknowledged, "acknowledgements")
            text = client.text
        pids = {name: stack.kill(name) for name in ("valkey", "gateway-1", "worker-1")}
        for name, pid in pids.items():
            await asyncio.to_thread(stack.wait_restarted, name, pid)
        await asyncio.to_thread(stack.wait_ready)
        assert [item["path"] for item in (await call("GET", files))["items"]] == ["moved/kept"]
        async with RawClient(http, [socket("moved/kept")]) as client:
            await asyncio.wait_for(client.synced.wait(), 20)
            assert client.text == text
            assert text.endswith("begun ") and text.count("<") == 10
        for path in ("kept", "gone"):
            async with http.ws_connect(socket(path)) as left:
                await left.receive()
                assert left.close_code == 4404
        deadline = asyncio.get_running_loop().time() + 60
        while not (edits := await edits_of(call, kept["id"])):
            assert asyncio.get_running_loop().time() < deadline, "no worker has seen the edits"
        assert [item["path"] for item in edits] == ["moved/kept"]
        assert edits[0]["actor_name"].startswith("Guest")
        assert edits[0]["edits"] >= 2
        await call("POST", f"/api/files/{gone['id']}/restore")
        assert await call("GET", f"/api/files/{gone['id']}/content") == "x"


async def edits_of(call: Any, file: str) -> list[Any]:
    """The edits among a file's activities."""
    await asyncio.sleep(0.1)  # a worker needs some seconds
    items = (await call("GET", f"/api/files/{file}/activities"))["items"]
    return [item for item in items if item["kind"] == "file.edited"]
