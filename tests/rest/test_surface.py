"""What a gateway shows of itself beyond its operations: nothing."""

import re
import socket
from urllib.parse import urlsplit

import pytest

from gateway.headers import SERVER
from gateway.routes.table import TABLE
from tests.rest.api import Api
from tests.support.stack import Stack

SMUGGLED = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Content-Length: 2\r\nContent-Length: 35\r\n\r\n{}",
        b"Content-Length: 2, 35\r\n\r\n{}",
        b"Content-Length: +2\r\n\r\n{}",
        b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    ],
)
def test_ambiguous_lengths_are_refused(stack: Stack, head: bytes) -> None:
    """A body whose end two servers may see in different places is 400, and what follows it is not read."""
    url = urlsplit(stack.urls[0])
    with socket.create_connection((url.hostname, url.port), timeout=10) as connection:
        connection.sendall(b"POST /api/auth/guest HTTP/1.1\r\nHost: x\r\n" + head + SMUGGLED)
        answer = b""
        while more := connection.recv(65_536):
            answer += more
    assert re.findall(rb"HTTP/1\.\d (\d+)", answer) == [b"400"], answer
    assert b"X-Content-Type-Options: nosniff" in answer
    assert b"aiohttp" not in answer


async def test_methods_that_nobody_takes(api: Api) -> None:
    """TRACE, and methods of other protocols, are 405 on every path, whoever asks."""
    paths = {operation.path.replace("{", "").replace("}", "") for operation in TABLE} | {"/healthz", "/api/docs"}
    for method in ("TRACE", "PROPFIND", "LINK"):
        for path in sorted(paths):
            reply = await api.call(method, path)
            reply.problem(405, "method-not-allowed")


@pytest.mark.parametrize(
    "path",
    ["/", "/auth", "/auth/", "/api", "/api/", "/.git/HEAD", "/.env", "/gateway/app.py", "/auth/style.css", "/static/"],
)
async def test_nothing_is_listed(api: Api, path: str) -> None:
    """No folder is listed and no file of the program is served: what is no operation is not there."""
    reply = await api.call("GET", path)
    reply.problem(404, "not-found")
    assert reply.headers["Server"] == SERVER


async def test_a_parameter_given_twice_is_refused(api: Api) -> None:
    """Whichever of two values somebody before us looked at, none of them is taken."""
    reply = await api.call("GET", "/api/projects?limit=1&limit=100", token=await api.token())
    assert reply.problem(422, "invalid")["errors"] == [{"pointer": "?limit", "detail": "given twice"}]
