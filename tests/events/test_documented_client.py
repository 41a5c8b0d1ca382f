"""The client in docs/events.md, run by Node.js as it stands there."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import JS_CLIENTS
from tests.events.conftest import Person
from tests.events.telling import Told

PAGE = Path(__file__).parents[2] / "docs" / "events.md"
# Browsers have a WebSocket of their own; Node.js 20 does not.
BEFORE = """
import {{ createRequire }} from 'node:module'
const WebSocket = createRequire('{package}')('ws')
"""
AFTER = """
const [topic, token] = process.argv.slice(2)
follow(topic, token, event => console.log(JSON.stringify(event)), () => console.log('"reset"'))
"""


@pytest.mark.js
async def test_documented_client_follows(url: str, ann: Person, happen: Told, tmp_path: Path) -> None:
    """It gets what happens, in order, as records with their topic."""
    node = shutil.which("node")
    assert node is not None
    code = PAGE.read_text().partition("```js\n")[2].partition("```")[0].replace("wss://atrium.example", url)
    script = tmp_path / "client.mjs"
    script.write_text(BEFORE.format(package=JS_CLIENTS / "package.json") + code + AFTER)
    client = await asyncio.create_subprocess_exec(
        node, str(script), ann.topic, ann.token, stdout=asyncio.subprocess.PIPE
    )
    try:
        reading = asyncio.create_task(lines(client, 3))
        async with asyncio.timeout(30.0):
            while not reading.done():
                # When it is there, nobody knows; what happens before that is not its to see.
                await happen(ann.project, "test.hello")
                await asyncio.wait({reading}, timeout=0.2)
    finally:
        client.kill()
        await client.wait()
    events = await reading
    assert {(event["event"], event["topic"]) for event in events} == {("test.hello", ann.topic)}
    numbers = [event["number"] for event in events]
    assert numbers == sorted(set(numbers))


async def lines(client: asyncio.subprocess.Process, count: int) -> list[dict[str, str]]:
    """What it prints first."""
    assert client.stdout is not None
    return [json.loads(await client.stdout.readline()) for _ in range(count)]
