"""Requests that are hardly HTTP (gateway/porch.py)."""

import socket
from urllib.parse import urlsplit

import msgspec
import pytest

from tests.support.stack import Stack


@pytest.mark.parametrize(
    "head",
    [
        b"GET /api/projects?token=secret&x=%b HTTP/1.1\r\nHost: x\r\n\r\n" % (b"y" * 9_000),
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: %b\r\n\r\n" % (b"y" * 20_000),
        b"GET / HTTP/1.1\r\nHost: x\r\nNo colon\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
    ],
    ids=["long URL", "long header", "broken header", "TLS"],
)
def test_unreadable_request_is_a_problem(stack: Stack, head: bytes) -> None:
    """It gets 400 as a problem, nothing of it is repeated, and the connection ends."""
    url = urlsplit(stack.urls[0])
    with socket.create_connection((url.hostname, url.port), timeout=10) as connection:
        connection.sendall(head)
        answer = b""
        while more := connection.recv(65_536):
            answer += more
    start, _, body = answer.partition(b"\r\n\r\n")
    assert start.split(b" ", 2)[1] == b"400"
    assert b"application/problem+json" in start
    assert msgspec.json.decode(body)["type"] == "/problems#malformed"
    assert b"secret" not in answer
