"""Who is let in at the doors of the live documents, and with which close code others are sent away."""

import aiohttp
import pytest

from schemas.close_codes import CloseCode
from schemas.ids import new_id
from tests.support.stack import Stack


async def answer(url: str) -> aiohttp.WSMessage:
    """The first message that a y-websocket client gets, which may be the close."""
    async with aiohttp.ClientSession() as session, session.ws_connect(url, timeout=_WIDE) as socket:
        return await socket.receive(30)


_WIDE = aiohttp.ClientWSTimeout(ws_close=30)


@pytest.mark.parametrize("role", ["owner", "viewer"])
async def test_good_tokens_open(stack: Stack, role: str) -> None:
    """Access tokens and room tokens of any role open a document: the server begins to sync."""
    access = stack.guest()
    project = stack.project(access)
    for token in (access, stack.room_token(access, project, role).token):
        first = await answer(f"{stack.ws_urls[0]}/collab/{project}/notes/ä.md?token={token}")
        assert first.type is aiohttp.WSMsgType.BINARY


async def test_others_are_told_why(stack: Stack) -> None:
    """The upgrade is always accepted, then closed with a code and a reason that a browser can see."""
    access = stack.guest()
    project, other = stack.project(access), stack.project(stack.guest())
    room = stack.room_token(access, project).token
    cases = {
        f"{project}/a?token=": CloseCode.UNAUTHENTICATED,
        f"{project}/a": CloseCode.UNAUTHENTICATED,
        f"{project}/a?token={access[:-3]}": CloseCode.UNAUTHENTICATED,
        f"{other}/a?token={access}": CloseCode.FORBIDDEN,
        f"{other}/a?token={room}": CloseCode.FORBIDDEN,
        f"{new_id()}/a?token={access}": CloseCode.NOT_FOUND,
        f"nonsense/a?token={access}": CloseCode.MALFORMED,
    }
    for path, code in cases.items():
        closed = await answer(f"{stack.ws_urls[0]}/collab/{path}")
        assert (closed.type, closed.data) == (aiohttp.WSMsgType.CLOSE, code), path
        assert closed.extra, "a reason for people"
