"""A real browser without a window, spoken to over its DevTools protocol. For tests of the pages that Atrium serves."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp

PROGRAM: Final = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
START_WITHIN: Final = 60.0
ANSWER_WITHIN: Final = 30.0


class Tab:
    """One page. `complaints`: what its console says at level error, such as what a Content-Security-Policy stopped."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._number = 0
        self.complaints: list[str] = []

    async def ask(self, method: str, **params: Any) -> Any:
        """One command, and its result."""
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": params})
        async with asyncio.timeout(ANSWER_WITHIN):
            while (message := await self._next()).get("id") != self._number:
                pass
        assert "error" not in message, message
        return message["result"]

    async def go(self, url: str) -> None:
        """Open a page, and wait until it is loaded."""
        await self.ask("Page.navigate", url=url)
        await self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    async def run(self, script: str) -> Any:
        """What the expression comes to in the page; a promise is waited for. Beside the page's policy."""
        answer = await self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def until(self, script: str) -> None:
        """Wait until the expression is true; the page may change meanwhile."""
        async with asyncio.timeout(ANSWER_WITHIN):
            while not await self.run(script):  # noqa: ASYNC110  the page cannot wake us
                await asyncio.sleep(0.05)

    async def _next(self) -> Any:
        message = await self._socket.receive_json()
        if message.get("method") == "Log.entryAdded" and message["params"]["entry"]["level"] == "error":
            entry = message["params"]["entry"]
            self.complaints.append(f"{entry['source']}: {entry['text']} {entry.get('url', '')}")
        elif message.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(str(message["params"]["exceptionDetails"]))
        return message


@asynccontextmanager
async def browser() -> AsyncIterator[Tab]:
    """A browser of its own, with one empty page."""
    assert PROGRAM is not None
    home = tempfile.mkdtemp(prefix="atrium-chromium-")
    options = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run")
    quiet = ("--disable-background-networking", "--disable-component-update", "--disable-sync")
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        *options,
        *quiet,
        "--remote-debugging-port=0",
        "--window-size=900,700",
        f"--user-data-dir={home}",
        "about:blank",
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stderr is not None
        async with asyncio.timeout(START_WITHIN):
            while b"DevTools listening on" not in (line := await process.stderr.readline()):
                assert line, "the browser ended"
        drained = asyncio.create_task(process.stderr.read())
        port = line.decode().split(":")[2].split("/")[0]
        async with aiohttp.ClientSession() as http:
            async with http.get(f"http://127.0.0.1:{port}/json/list") as answer:
                pages = [each for each in await answer.json() if each["type"] == "page"]
            async with http.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                tab = Tab(socket)
                for domain in ("Page", "Log", "Runtime"):
                    await tab.ask(f"{domain}.enable")
                yield tab
                await tab.ask("Browser.close")
        await process.wait()
        await drained
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        shutil.rmtree(home, ignore_errors=True)
