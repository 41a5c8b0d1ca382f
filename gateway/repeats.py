"""Idempotency-Key: a POST that creates, sent twice with one key, has at most one effect, and one answer.

    key free ──► run ──► keep the answer ──► answer          refused (4xx): the key is free again
    key taken ──► other request (method, URL, body): 422 │ answered: that answer │ running: wait │ its process died: 409

Called by gateway/operations.py. Answers are kept for a day. (draft-ietf-httpapi-idempotency-key-header-07)
"""

import asyncio
import hashlib
import re
import time
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from gateway.auth.caller import Caller
from gateway.refusals import Conflict, Invalid, Unreadable
from store import repeats
from store.errors import StoreUnavailable
from store.postgres import Postgres

KEY_HEADER: Final = "Idempotency-Key"
REPLAYED_HEADER: Final = "Idempotent-Replayed"
KEPT_HEADERS: Final = ("Content-Type", "Cache-Control", "ETag", "Location")
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
WAIT: Final = 5.0
"""Seconds that a repetition waits for the first request to end: longer than healthy ones take."""
LOOK: Final = 0.05
"""Seconds between two looks meanwhile."""
LOST: Final = 60.0
"""Seconds after which a request without an answer has died with its process."""

Run = Callable[[], Awaitable[web.StreamResponse]]


class Repeats:
    """One per gateway."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def once(self, request: web.Request, caller: Caller | None, run: Run) -> web.StreamResponse:
        """Run the operation, or give the answer of its first run. Raises Unreadable, Conflict or Invalid."""
        key = request.headers.get(KEY_HEADER)
        if key is None or caller is None:
            # Without a user a key would be anybody's, and with it somebody else's answer.
            return await run()
        if not _KEY.fullmatch(key):
            raise Unreadable(f"{KEY_HEADER} takes 1 to 255 visible ASCII characters")
        fingerprint = hashlib.sha256(
            b"\n".join(
                (request.method.encode(), request.path_qs.encode(errors="surrogateescape"), await request.read())
            )
        ).digest()
        if await repeats.begin(self._postgres, caller.user_id, key, fingerprint):
            return await self._first(caller, key, run)
        return await self._again(caller, key, fingerprint)

    async def _first(self, caller: Caller, key: str, run: Run) -> web.StreamResponse:
        try:
            response = await run()
        except StoreUnavailable:
            raise  # whether it had an effect is unknown: the key stays taken
        except Exception:
            await repeats.release(self._postgres, caller.user_id, key)
            raise
        if isinstance(response, web.Response) and isinstance(response.body, bytes | None):
            headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
            await repeats.finish(self._postgres, caller.user_id, key, response.status, headers, response.body or b"")
        return response

    async def _again(self, caller: Caller, key: str, fingerprint: bytes) -> web.StreamResponse:
        deadline = time.monotonic() + WAIT
        while True:
            row = await repeats.find(self._postgres, caller.user_id, key)
            if row is None:
                raise Conflict("the first request with this Idempotency-Key was refused just now; send it again")
            if row.fingerprint != fingerprint:
                raise Invalid(f"this {KEY_HEADER} was used for another request; take a new one")
            if row.status is not None:
                headers = (row.headers or {}) | {REPLAYED_HEADER: "true"}
                return web.Response(status=row.status, headers=headers, body=row.body or None)
            if row.age > LOST:
                raise Conflict("what became of the first request with this key is unknown; look before you try anew")
            if time.monotonic() > deadline:
                raise Conflict("the first request with this Idempotency-Key is still running; ask again later")
            await asyncio.sleep(LOOK)
