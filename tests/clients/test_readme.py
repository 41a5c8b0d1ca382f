"""The client in README.md works as it is pasted."""

import asyncio
import re
from pathlib import Path

import pytest

from tests.support.stack import Stack

ROOT = Path(__file__).parents[2]
PACKAGES = Path(__file__).parent / "js"


@pytest.mark.js
async def test_the_client_in_the_readme_works_when_pasted(stack: Stack) -> None:
    """[N3] README's client makes a project, opens a document, and reads back what it typed, in ten lines."""
    found = re.search(r"```js\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert found is not None, "README.md shows no client"
    assert found[1].count("\n") == 10
    script = PACKAGES / "readme.tmp.mjs"
    script.write_text(found[1].replace("127.0.0.1:8000", stack.urls[0].removeprefix("http://")))
    try:
        client = await asyncio.create_subprocess_exec("node", str(script), stdout=asyncio.subprocess.PIPE)
        assert client.stdout is not None
        async with asyncio.timeout(60):
            line = await client.stdout.readline()
        assert line.decode().startswith("Hello, it is ")
        client.kill()
        await client.wait()
    finally:
        script.unlink()
