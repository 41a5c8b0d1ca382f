"""Fixtures of the AI tests: stand-ins of all providers, and a client to ask them with."""

from collections.abc import AsyncIterator

import aiohttp
import httpx
import pytest_asyncio

from loadtest.standins.server import Standins

WITHIN = 20.0  # seconds, for anything


@pytest_asyncio.fixture
async def standins() -> AsyncIterator[Standins]:
    async with Standins() as running:
        yield running


@pytest_asyncio.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    # Without certificates, whose reading takes longer than a test.
    async with httpx.AsyncClient(timeout=WITHIN, trust_env=False, verify=False) as client:
        yield client


@pytest_asyncio.fixture
async def answers() -> AsyncIterator[aiohttp.ClientSession]:
    """Asks as an AI worker does (workers/ai/provider.py)."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session
