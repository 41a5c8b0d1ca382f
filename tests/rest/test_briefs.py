"""Paths that product briefs name for accounts, projects, files, collaboration, AI and operations are there, as named.

Clients are written against them, so they stand here as the briefs write them, and not as the table has them.
"""

import re
from collections.abc import Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from gateway.app import create_app
from gateway.operation import Operation
from gateway.routes.table import TABLE
from gateway.settings import Settings

NUMBERED = """
    POST   /api/auth/register
    POST   /api/auth/login
    POST   /api/auth/guest
    POST   /api/auth/logout
    POST   /api/auth/refresh
    GET    /api/auth/me
    GET    /api/auth/profile
    GET    /api/projects
    POST   /api/projects
    GET    /api/projects/:id
    PUT    /api/projects/:id
    DELETE /api/projects/:id
    POST   /api/projects/:id/duplicate
    GET    /api/admin/users
    GET    /api/admin/health
"""
"""Spelt out by the briefs."""

AI = """
    POST   /api/ai/stream
    GET    /api/ai/models
    POST   /api/ai/keys
    POST   /api/ai/chats
    GET    /api/ai/chats
    GET    /api/ai/chats/:chatId
    POST   /api/ai/chats/:chatId/messages
    DELETE /api/ai/chats/:chatId
    POST   /api/chats
    GET    /api/chats
    GET    /api/chats/:id
    POST   /api/chats/:id/messages
    POST   /api/ai
    GET    /api/models
    GET    /api/models/:id
    GET    /api/ai/stream/:id
    GET    /api/ai/keys
    DELETE /api/ai/keys/:id
    POST   /api/ai/keys/:id/test
    PATCH  /api/ai/chats/:id
    PATCH  /api/chats/:id
    DELETE /api/chats/:id
    GET    /api/ai/chats/:id/messages
    GET    /api/chats/:id/messages
    POST   /api/ai/chats/:id/messages/:mid/feedback
    POST   /api/chats/:id/messages/:mid/feedback
    POST   /api/ai/chats/:id/messages/:mid/regenerate
    POST   /api/chats/:id/messages/:mid/regenerate
    POST   /api/ai/chats/:id/messages/:mid/cancel
    POST   /api/chats/:id/messages/:mid/cancel
"""
"""Models, keys, streams and chats; two briefs have chats at two paths."""

NEXTAUTH = """
    GET    /api/auth/providers
    GET    /api/auth/csrf
    GET    /api/auth/session
    GET    /api/auth/signin/github
    POST   /api/auth/signin/github
    GET    /api/auth/callback/github
    POST   /api/auth/signout
    GET    /auth/signin
    GET    /auth/error
"""
"""What clients of NextAuth ask, and the custom pages."""

BY_PREFIX = """
    GET    /api/users
    POST   /api/users
    GET    /api/users/:id
    PUT    /api/users/:id
    PATCH  /api/users/:id
    DELETE /api/users/:id
    GET    /api/files
    POST   /api/files
    GET    /api/files/:id
    PUT    /api/files/:id
    PATCH  /api/files/:id
    DELETE /api/files/:id
    GET    /api/files/:id/content
    PUT    /api/files/:id/content
    GET    /api/files/:id/activities
    GET    /api/files/:id/versions
    GET    /api/projects/:id/files
    POST   /api/projects/:id/files
    GET    /api/projects/:id/members
    POST   /api/projects/:id/members
    PATCH  /api/projects/:id/members/:userId
    DELETE /api/projects/:id/members/:userId
    GET    /api/projects/:id/versions
    POST   /api/projects/:id/versions
    POST   /api/projects/:id/versions/:seq/restore
    GET    /api/projects/:id/activity
    GET    /api/collaboration/sessions
    POST   /api/collaboration/sessions
    GET    /api/collaboration/sessions/:id
    PATCH  /api/collaboration/sessions/:id
    DELETE /api/collaboration/sessions/:id
    POST   /api/collaboration/sessions/:id/join
    POST   /api/collaboration/sessions/:id/leave
    GET    /api/collaboration/sessions/:id/participants
"""
"""Users, files, members, versions and collaboration sessions: named by what they do, under these prefixes."""

PROMISED = """
    GET    /api/auth/sessions
    DELETE /api/auth/sessions/:sid
    POST   /api/auth/password/forgot
    POST   /api/auth/password/reset
    POST   /api/auth/password/change
    POST   /api/auth/verify-email
    GET    /.well-known/jwks.json
    GET    /api/projects/public
    PATCH  /api/projects/:id
    GET    /api/projects/:id/changes
    POST   /api/projects/:id/token
    POST   /api/projects/:id/invites
    POST   /api/invites/:token/accept
    GET    /api/notifications
    POST   /api/notifications/:id/read
    POST   /api/notifications/read-all
    PUT    /api/notifications/preferences
    GET    /api/webhooks
    POST   /api/webhooks
    DELETE /api/webhooks/:id
    POST   /api/webhooks/:id/rotate
    GET    /api/webhooks/:id/deliveries
    GET    /api/tokens
    POST   /api/tokens
    DELETE /api/tokens/:id
    PATCH  /api/admin/users/:id
    POST   /api/admin/users/:id/ban
    POST   /api/admin/users/:id/unban
    POST   /api/admin/users/:id/logout
    GET    /api/admin/audit
    GET    /api/admin/jobs
    GET    /api/admin/rooms
    GET    /api/admin/rate-limits
    POST   /api/admin/rooms/:id/drain
"""
"""What the briefs promise in words."""

BESIDE_THE_TABLE = """
    GET    /healthz
    GET    /readyz
    GET    /metrics
    GET    /version
    GET    /api/openapi.json
    GET    /api/docs
    GET    /events
    GET    /hocuspocus
    GET    /socket.io/
    GET    /collab/:project/notes/today.md
"""
"""For machines, and sockets."""

SAME = [
    ("/api/auth/profile", "/api/auth/me"),
    ("/api/files", "/api/projects/:id/files"),
    ("/api/chats", "/api/ai/chats"),
    ("/api/models", "/api/ai/models"),
]
"""Two names of one operation."""

ID = "01980000-0000-7000-8000-000000000000"


def lines(text: str) -> list[tuple[str, str]]:
    words = text.split()
    return list(zip(words[::2], words[1::2], strict=True))


ALL = lines(NUMBERED + AI + NEXTAUTH + BY_PREFIX + PROMISED)


def shape(path: str) -> str:
    """The path with its parameters unnamed."""
    return re.sub(r"\{\w+(:[^}]*)?\}|:\w+", "{}", path)


def by_shape() -> dict[tuple[str, str], Operation]:
    return {(each.method, shape(path)): each for each in TABLE for path in (each.path, *each.also)}


def test_the_table_has_them() -> None:
    """Each of them is an operation: described, counted, and held to who may."""
    there = by_shape()
    assert [f"{method} {path}" for method, path in ALL if (method, shape(path)) not in there] == []
    assert len(set(ALL)) == len(ALL) > 80


@pytest.mark.parametrize(("one", "other"), SAME)
def test_two_names_of_one_operation(one: str, other: str) -> None:
    """An alias is the same operation, with the same methods."""
    there = by_shape()
    pairs = [(there[method, path], there[method, shape(other)]) for method, path in there if path == one]
    assert pairs
    assert all(one is other for one, other in pairs)


async def test_each_is_reached_at_its_path(make_settings: Callable[..., Settings]) -> None:
    """The running gateway takes exactly this method and path, whatever words stand where an id could."""
    app: web.Application = create_app(make_settings(), live=True)
    try:
        for method, path in [*ALL, *lines(BESIDE_THE_TABLE)]:
            asked = re.sub(r":\w+", ID, path)
            found = await app.router.resolve(make_mocked_request(method, asked))
            assert found.http_exception is None, f"{method} {path}: {found.http_exception}"
            resource = found.route.resource
            assert resource is not None
            if ":" not in path:
                assert resource.canonical == path, f"{method} {path} leads to {resource.canonical}"
    finally:
        await app.cleanup()
