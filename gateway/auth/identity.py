"""Who sent a request: its bearer token, or its cookie. Called by gateway/operations.py before anything else.

Authorization: Bearer …      an access token (people) or a platform token (machines)
Cookie: __Host-atrium=…      an access token, for browsers; what changes something needs X-CSRF-Token as well
"""

import hashlib
import hmac
from dataclasses import replace
from typing import Final
from uuid import UUID

from aiohttp import web

from gateway.access import Denied, Gate
from gateway.auth.caller import Caller
from gateway.auth.tokens import Expired, Forged
from gateway.operation import SAFE_METHODS
from gateway.refusals import Forbidden
from schemas.close_codes import CloseCode

ACCESS_COOKIE: Final = "__Host-atrium"
CSRF_HEADER: Final = "X-CSRF-Token"


class Identity:
    """One per gateway."""

    def __init__(self, gate: Gate, secret: str) -> None:
        self._gate = gate
        self._csrf_key = hashlib.sha256(b"csrf:" + secret.encode()).digest()

    async def of(self, request: web.Request) -> Caller | None:
        """The caller, or None where the request brings no credential. Raises Expired, Forged or Forbidden."""
        header = request.headers.get("Authorization")
        if header is not None:
            scheme, _, token = header.partition(" ")
            if scheme.lower() != "bearer":
                raise Forged("send the access token as: Authorization: Bearer <token>")
            return await self._caller(token.strip())
        cookie = request.cookies.get(ACCESS_COOKIE)
        if cookie is None:
            return None
        caller = await self._caller(cookie)
        if request.method not in SAFE_METHODS:
            given = request.headers.get(CSRF_HEADER, "")
            if not hmac.compare_digest(given.encode(errors="replace"), self.csrf_token(caller.session_id).encode()):
                raise Forbidden(f"a request with a cookie needs the header {CSRF_HEADER}; GET /api/auth/csrf has it")
        return replace(caller, by_cookie=True)

    def csrf_token(self, session_id: UUID) -> str:
        """What proves that a request with this session's cookie was made by our own page: others cannot read it."""
        return hmac.new(self._csrf_key, session_id.bytes, hashlib.sha256).hexdigest()

    async def _caller(self, token: str) -> Caller:
        try:
            return await self._gate.caller(token)
        except Denied as denied:
            if denied.code is CloseCode.UNAUTHENTICATED:
                raise (Expired if "ended" in denied.reason or "expired" in denied.reason else Forged)(
                    denied.reason
                ) from None
            raise
