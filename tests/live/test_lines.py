"""Lines in the log about live documents: one JSON object each, with connection, project and document once they are
known (issue 2, section 6)."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from rooms.codec.lib0 import var_string
from rooms.document import Document
from tests.clients.project import Project, create_project
from tests.hostile.attacker import Hocuspocus, YWebsocket, update, upgraded
from tests.hostile.desk import PROJECT, desk, say
from tests.live.connected import DIALECTS, Dialect
from tests.rooms.test_replica import text
from tests.support.stack import Stack
from tests.support.waiting import wait_until

BROKEN = update(b"\x01\x02\x03")
GATEWAY = 1


@pytest.fixture
async def project(stack: Stack) -> Project:
    return await create_project(stack.urls)


def lines(stack: Stack, path: str) -> dict[str, dict[str, Any]]:
    """The lines of the gateway that name a document of this path, by event."""
    found = [json.loads(line) for line in stack.logs(f"gateway-{GATEWAY + 1}").splitlines() if path in line]
    return {line["event"]: line for line in found}


def speak(dialect: Dialect, stack: Stack, project: Project, path: str, token: str) -> YWebsocket | Hocuspocus:
    kind = YWebsocket if dialect == "y-websocket" else Hocuspocus
    return kind(stack.ws_urls[GATEWAY], f"{project.id}/{path}", token)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_the_life_of_a_connection(stack: Stack, project: Project, dialect: Dialect) -> None:
    """Opened, joined, left, closing, unloaded: each line says which document of which project, and who it was."""
    path = f"notes/{uuid4()}"
    speaks = speak(dialect, stack, project, path, project.tokens["editor"])
    async with upgraded(speaks.url) as client:
        await speaks.enter(client)
        await client.message(speaks.wrap(BROKEN))
        assert (await client.closed())[0] == 4400
    await wait_until(lambda: "document unloaded" in lines(stack, path), "the document to be unloaded")
    said = lines(stack, path)
    assert said.keys() == {"document opened", "joined", "closing", "left", "document unloaded"}
    for line in said.values():
        assert (line["project"], line["document"]) == (project.id, path)
        assert line["process"] == f"gateway-{GATEWAY + 1}"
    assert said["closing"]["code"] == 4400
    assert len({said[event]["connection"] for event in ("document opened", "joined", "closing", "left")}) == 1
    assert said["document unloaded"]["logger"] == "rooms"
    assert "connection" not in said["document unloaded"], "it was nobody's doing"


async def test_who_was_never_let_in(stack: Stack, project: Project) -> None:
    """A connection that is sent away at the door: its line says at which document it knocked."""
    path = f"notes/{uuid4()}"
    async with upgraded(speak("y-websocket", stack, project, path, "forged").url) as client:
        assert (await client.closed())[0] == 4401
    await wait_until(lambda: "closing" in lines(stack, path), "the line")
    said = lines(stack, path)["closing"]
    assert (said["project"], said["document"], said["code"]) == (project.id, path, 4401)
    assert said["connection"] > 0


async def test_several_documents_on_one_connection(stack: Stack, project: Project) -> None:
    """Of a Hocuspocus connection with many documents the line names the one that the fatal message was about."""
    paths = [f"notes/{uuid4()}" for _ in range(3)]
    speaks = speak("hocuspocus", stack, project, paths[0], project.tokens["editor"])
    async with upgraded(speaks.url) as client:
        await speaks.enter(client)
        for path in paths[1:]:
            other = speak("hocuspocus", stack, project, path, project.tokens["editor"])
            await other.enter(client)
        await client.message(var_string(f"{project.id}/{paths[1]}") + BROKEN)
        assert (await client.closed())[0] == 4400
    await wait_until(lambda: all("left" in lines(stack, path) for path in paths), "the end")
    assert ["closing" in lines(stack, path) for path in paths] == [False, True, False]
    assert lines(stack, paths[1])["closing"]["document"] == paths[1]


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_fault_of_our_own(dialect: Dialect, monkeypatch: pytest.MonkeyPatch) -> None:
    """1011: the line with the traceback says whose message it was, and about which document."""

    def fail(self: Document, *args: object, **more: object) -> None:
        raise ZeroDivisionError

    async with desk() as gateway:
        name = var_string(f"{PROJECT}/main")
        if dialect == "y-websocket":
            transport, connection = await gateway.collab()
        else:
            transport, connection = gateway.connect()
            say(connection, name + b"\x02\x00" + var_string("good"))
            await wait_until(lambda: any(m.startswith(name + b"\x02\x02") for m in transport.messages), "the seat")
        monkeypatch.setattr(Document, "receive", fail)
        with capture_logs() as captured:
            say(connection, (b"" if dialect == "y-websocket" else name) + update(text(1, 0, "x")))
        assert transport.close_code == 1011
    failed = next(line for line in captured if line["event"] == "session failed")
    assert (failed["connection"], failed["project"], failed["document"]) == (connection.id, str(PROJECT), "main")
    assert isinstance(failed["exc_info"], ZeroDivisionError)
