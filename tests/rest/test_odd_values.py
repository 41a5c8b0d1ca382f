"""Whatever a client writes into a URL, a body or a header, the mistake is the client's: never a 5xx.

Made from the table of operations; the account owns the project and administers the site, so that nothing stops a value
before it is used.
"""

from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

import aiohttp
import msgspec
import psycopg
import pytest
from yarl import URL

from gateway.auth.identity import ACCESS_COOKIE
from gateway.auth.tokens import Tokens
from gateway.launch.home import Home
from gateway.operation import Operation
from gateway.permissions import InProject
from gateway.routes.table import TABLE
from tests.rest import odd_values
from tests.rest.people import Scene, scene
from tests.rest.test_matrix import PARAMETER, named, path_of
from tests.support.stack import Stack

COOKIES = ("__Host-atrium", "__Host-atrium-refresh", "__Host-atrium-csrf", "__Host-atrium-oauth")
HEADERS = (
    "X-CSRF-Token", "Idempotency-Key", "If-Match", "If-None-Match", "Range", "If-Range",
    "Content-Type", "User-Agent", "Origin", "X-Forwarded-For", "X-Request-ID", "Accept",
)  # fmt: skip
TOO_FAR = b"a value in the request, such as"
"""What is answered when no struct and no route refused a value, but PostgreSQL did: without the field's name."""
FORMS = (b"csrfToken=a%00&callbackUrl=%00", b"csrfToken=%ff", b'{"csrfToken":"\\ud800"}', b"a\x00", b"\xff")


@pytest.fixture(scope="module")
def connection(stack: Stack) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    with psycopg.connect(stack.database_url, autocommit=True) as opened:
        yield opened


@pytest.fixture
def made(stack: Stack, connection: "psycopg.Connection[tuple[object, ...]]") -> Scene:
    """Somebody whom nothing is forbidden, with a project of their own."""
    scenery = scene(connection, Tokens(Home(stack.home).secret()), "owner")
    connection.execute("UPDATE users SET role = 'admin' WHERE id = %s", (scenery.person.id,))
    # Of the same id as the file: one more name would have to be passed on.
    connection.execute(
        "INSERT INTO webhook_endpoints (id, user_id, url, secret, disabled_at)"
        " VALUES (%s, %s, 'https://example.com', '', now())",
        (scenery.file, scenery.person.id),
    )
    return scenery


@pytest.fixture
async def session(stack: Stack, made: Scene) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {made.person.token}"}) as opened:
        yield opened


async def check(
    session: aiohttp.ClientSession, stack: Stack, method: str, path: str, body: bytes | None = None
) -> tuple[int, bytes]:
    """One request, its path as it stands. Fails where the answer is a 5xx."""
    url = URL(stack.urls[0] + path, encoded=True)
    async with session.request(method, url, data=body, allow_redirects=False) as answer:
        said = await answer.read()
    assert answer.status < 500, f"{method} {path} {body!r}: {answer.status} {said!r}"
    assert TOO_FAR not in said, f"{method} {path} {body!r}: only the store refused it"
    return answer.status, said


def asked(operation: Operation, made: Scene) -> str:
    """The path, ready for more of a query."""
    fields = getattr(operation.query, "__struct_fields__", ())
    project = isinstance(operation.may, InProject) and "{id}" not in operation.path
    path = path_of(operation, made)
    if operation.path.startswith("/api/webhooks/{id}"):
        path = operation.path.replace("{id}", str(made.file))
    return path + (f"?project_id={made.project}&" if project and "project_id" in fields else "?")


@pytest.mark.parametrize("operation", [each for each in TABLE if each.query is not None], ids=named)
async def test_queries(session: aiohttp.ClientSession, stack: Stack, made: Scene, operation: Operation) -> None:
    """Every parameter of every query."""
    for query in odd_values.queries(operation.query):
        await check(session, stack, operation.method, asked(operation, made) + query)


@pytest.mark.parametrize(
    "operation", [each for each in TABLE if "cursor" in getattr(each.query, "__struct_fields__", ())], ids=named
)
async def test_cursors(session: aiohttp.ClientSession, stack: Stack, made: Scene, operation: Operation) -> None:
    """Every list, with cursors that it never gave out, in each of its orders."""
    fields = operation.query.__struct_fields__
    more = ["", *(f"&sort={sort}" for sort in ("updated", "created", "name") if "sort" in fields)]
    more += [f"&{flag}=true" for flag in ("deleted", "unread") if flag in fields]
    refused = 0
    for cursor in odd_values.cursors():
        for rest in more:
            status, _ = await check(session, stack, operation.method, f"{asked(operation, made)}cursor={cursor}{rest}")
            refused += status == 422
    # The first has one page; of a chat that is not there nobody reads the cursor (tests/chats).
    assert refused or operation.path in ("/api/admin/rooms", "/api/ai/chats/{id}/messages")


async def test_places_in_changes(session: aiohttp.ClientSession, stack: Stack, made: Scene) -> None:
    """The one cursor of another name and form."""
    path = f"/api/projects/{made.project}/changes"
    _, said = await check(session, stack, "GET", path)
    life = odd_values.read_cursor(msgspec.json.decode(said)["next"])[1]
    for since in (*odd_values.cursors(), *odd_values.places(life)):
        await check(session, stack, "GET", f"{path}?since={since}")


@pytest.mark.parametrize("operation", [each for each in TABLE if each.body is not None], ids=named)
async def test_bodies(session: aiohttp.ClientSession, stack: Stack, made: Scene, operation: Operation) -> None:
    """Every text in every body."""
    path = asked(operation, made).rstrip("?&")
    bodies = FORMS if operation.body is bytes else tuple(odd_values.bodies(operation.body, made.project))
    for body in bodies:
        await check(session, stack, operation.method, path, body)


@pytest.mark.parametrize("operation", [each for each in TABLE if "{" in each.path], ids=named)
async def test_paths(session: aiohttp.ClientSession, stack: Stack, operation: Operation) -> None:
    """Every parameter of every path."""
    body = b"{}" if operation.body is not None else None
    for value in odd_values.IN_URLS:
        await check(session, stack, operation.method, PARAMETER.sub(value, operation.path), body)


@pytest.mark.parametrize("operation", TABLE, ids=named)
async def test_headers(stack: Stack, made: Scene, operation: Operation) -> None:
    """Every header that somebody reads, and every cookie, with bytes that are no UTF-8."""
    body = b"{}" if operation.body is not None else b""
    path = asked(operation, made).rstrip("?&")
    token = made.person.token.encode()
    known = b"Authorization: Bearer " + token
    cases: list[tuple[bytes, ...]] = [
        (known, b"%b: %b" % (name.encode(), odd)) for name in HEADERS for odd in odd_values.IN_HEADERS
    ]
    cases += [(b"Authorization: " + odd,) for odd in (b"Bearer \xff", b"\xff")]
    cases += [(b"Cookie: %b=%b" % (name.encode(), odd),) for name in COOKIES for odd in odd_values.IN_HEADERS]
    cases.append((b"Cookie: %b=%b" % (ACCESS_COOKIE.encode(), token), b"X-CSRF-Token: \xff"))
    url = urlsplit(stack.urls[0])
    for heads in cases:
        answer = await odd_values.ask_raw(url.hostname, url.port, f"{operation.method} {path}", heads, body)
        assert answer.startswith(b"HTTP/1.1 ") and answer[9:10] != b"5", f"{heads!r}: {answer[:2_000]!r}"
        assert TOO_FAR not in answer, heads
