"""Providers that are not (loadtest/standins), beside a stack, in a thread of their own: for tests in any loop."""

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import psycopg

from loadtest.standins.recorded import Recorded
from loadtest.standins.server import DIALECTS, Standins
from tests.streams.reader import Asker
from tests.support.stack import Stack
from tests.support.waiting import wait_for, wait_until

FIRST_TOKEN_SECONDS = 1.0
"""That AI workers wait in these tests; as long between two tokens. Real providers get a minute."""
SUMMARY_SECONDS = 3.0
"""For a summary."""
KEY = "standin"


def variables(standins: Standins, *names: str) -> dict[str, str]:
    """The environment of a stack that finds them; all of them, unless some are named."""
    found = {
        "ATRIUM_AI_FIRST_TOKEN_SECONDS": str(FIRST_TOKEN_SECONDS),
        "ATRIUM_AI_IDLE_SECONDS": str(FIRST_TOKEN_SECONDS),
        "ATRIUM_AI_SUMMARY_SECONDS": str(SUMMARY_SECONDS),
        "NO_PROXY": "127.0.0.1",
    }
    for name in names or DIALECTS:
        url = "OLLAMA_API_URL" if name == "ollama" else f"{name.upper()}_BASE_URL"
        found |= {url: standins.base_url(name), f"{name.upper()}_API_KEY": KEY}
    return found


@contextmanager
def running(**options: Any) -> Iterator[Standins]:
    """The stand-ins; what they record may be read and their scripts written from any thread."""
    standins = Standins(**options)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="standins")
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(standins.__aenter__(), loop).result(10)
        yield standins
    finally:
        asyncio.run_coroutine_threadsafe(standins.__aexit__(None, None, None), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def asker(stack: Stack, gateway: int = 0) -> Asker:
    """A new user, of a tier that may ask every model with the server's keys."""
    made = stack.call("/api/auth/guest", method="POST", json_body={}, expect=201).body
    with psycopg.connect(stack.database_url) as connection:
        connection.execute("UPDATE users SET is_guest = false, tier = 'enterprise' WHERE id = %s", [made["user"]["id"]])
    return Asker(stack.urls[gateway], made["access_token"])


def wait_listed(stack: Stack, *providers: str) -> Mapping[str, Any]:
    """Until every gateway lists the models of these; what the first one lists."""
    token = stack.guest()

    def look(gateway: int) -> Mapping[str, Any] | None:
        found: Mapping[str, Any] = stack.call("/api/ai/models", gateway=gateway, token=token, expect=200).body
        return found if set(providers) <= {each["name"] for each in found["providers"]} else None

    return [wait_for(partial(look, at), "the lists of models") for at in reversed(range(stack.gateways))][-1]


async def asked_for(standins: Standins, model: str, count: int = 1) -> list[Recorded]:
    """The questions to this model, once there are so many."""
    return await wait_until(
        lambda: found if len(found := questions(standins, model)) >= count else None, f"{count} questions to {model}"
    )


def questions(standins: Standins, model: str) -> list[Recorded]:
    """Those to this model, by now."""
    return [each for each in list(standins.requests) if model in (each.body or {}).get("model", each.path)]
