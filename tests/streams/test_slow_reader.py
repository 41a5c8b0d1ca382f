"""Somebody who reads an answer slowly: the gateway keeps little of it for them, and they miss nothing."""

import asyncio
import json
import socket
from urllib.parse import urlsplit

from loadtest.standins.script import Script
from loadtest.standins.server import Standins
from tests.streams.reader import WITHIN, Asker
from tests.streams.upstreams import asker
from tests.support.stack import Stack

PIECES = tuple(f"{number}: {'word ' * 2_000}" for number in range(700))
"""Some 7 MB: more than the kernel and a gateway keep for one reader (gateway/events/sse.py)."""
WHOLE = "".join(PIECES)


async def test_a_slow_reader_misses_nothing(asked_stack: Stack, standins: Standins) -> None:
    """Who reads nothing until the answer has ended reads all of it then, each token once, in order."""
    someone = asker(asked_stack)
    standins.scripts["slow-reader"] = Script(pieces=PIECES, late=0.3)
    stream_id = await someone.begin(prompt="Hello", model="ollama/slow-reader")
    reader, writer = await connect(someone, asked_stack, stream_id)
    try:
        assert (await someone.whole(stream_id)).text == WHOLE
        async with asyncio.timeout(WITHIN):
            body = (await reader.read()).partition(b"\r\n\r\n")[2]
    finally:
        writer.close()
    records = [json.loads(line[6:]) for line in body.split(b"\n") if line.startswith(b"data: ")]
    said = "".join(each["data"]["text"] for each in records if each["event"] == "ai.delta")
    assert said == WHOLE
    assert records[-1]["event"] == "ai.done"


async def connect(someone: Asker, stack: Stack, stream_id: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection that takes little at a time, and has asked for the stream: by HTTP/1.0, so without chunks."""
    where = urlsplit(stack.urls[0])
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    narrow.setblocking(False)
    await asyncio.get_running_loop().sock_connect(narrow, (where.hostname, where.port))
    reader, writer = await asyncio.open_connection(sock=narrow, limit=4_096)
    head = f"GET /api/ai/stream/{stream_id} HTTP/1.0\r\nHost: {where.netloc}\r\nAuthorization: Bearer {someone.token}"
    writer.write(f"{head}\r\n\r\n".encode())
    return reader, writer
