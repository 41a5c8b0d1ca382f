"""Connections on which nobody does anything: each test waits for its story of idle.py, which began long ago."""

from __future__ import annotations

import pytest

from tests.clients.beside import Beside

pytestmark = [pytest.mark.js, pytest.mark.slow]


async def test_silent_clients_stay(idle_stories: Beside) -> None:
    """[S9] Clients that send nothing, not even presence, stay connected for well over 30 s, in every dialect."""
    await idle_stories.ended("silent_clients_stay")


async def test_a_silent_client_hears_something(idle_stories: Beside) -> None:
    """[S9] The server says something often enough that no stock client gives up."""
    await idle_stories.ended("a_silent_client_hears_something")


async def test_a_frozen_client_disappears(idle_stories: Beside) -> None:
    """[P4] A client that froze is gone for everybody within 35 s, and back when it goes on."""
    await idle_stories.ended("a_frozen_client_disappears")


async def test_tokens_end(idle_stories: Beside) -> None:
    """[N6] A Hocuspocus client is asked for another token when its own ends, and may stay if it has one."""
    await idle_stories.ended("tokens_end")
