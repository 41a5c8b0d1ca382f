"""Providers that are not there: they are marked, and neither the list nor the others wait for them."""

import socket
import time

from loadtest.standins.server import Standins
from tests.conftest import MakeStack
from tests.streams.test_providers import LISTED_WITHIN
from tests.streams.upstreams import KEY, asker, variables, wait_listed


async def test_dead_providers(own_stack: MakeStack, standins: Standins) -> None:
    """One refuses connections, one takes them and is silent."""
    with socket.socket() as silent, socket.socket() as refusing:
        silent.bind(("127.0.0.1", 0))
        silent.listen(64)
        refusing.bind(("127.0.0.1", 0))
        environment = {
            **variables(standins, "openai"),
            "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{refusing.getsockname()[1]}",
            "ANTHROPIC_API_KEY": KEY,
            "COHERE_BASE_URL": f"http://127.0.0.1:{silent.getsockname()[1]}",
            "COHERE_API_KEY": KEY,
        }
        stack = own_stack(gateways=1, environment=environment)
        found = wait_listed(stack, "openai", "anthropic")  # while the silent one is still being asked
        states = {each["name"]: each["reachable"] for each in found["providers"]}
        assert (states["openai"], states["anthropic"]) == (True, False)
        assert not any(each["reachable"] for each in found["items"] if each["provider"] == "anthropic")
        token = stack.guest()
        took = []
        for _ in range(20):
            began = time.monotonic()
            stack.call("/api/ai/models", token=token, expect=200)
            took.append(time.monotonic() - began)
        print(f"the list took {sorted(took)[10] * 1e3:.1f} ms (goal {LISTED_WITHIN * 1e3:.0f} ms)")
        assert min(took) < 5 * LISTED_WITHIN
        someone = asker(stack)
        for model, kind in (("anthropic/say-3", "network"), ("cohere/say-3", "timeout")):
            async with someone.ask(prompt="Hello", model=model) as events:
                reading = await events.to_end()
            assert reading.done is not None
            assert (reading.done["status"], reading.done["error"]["kind"]) == ("failed", kind)
        async with someone.ask(prompt="Hello", model="openai/say-3") as events:
            assert ((await events.to_end()).done or {})["status"] == "done"
