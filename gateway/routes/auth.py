"""`/api/auth/…`: how somebody gets an account and an access token."""

import time

from aiohttp import web

from gateway.addresses import address_of
from gateway.bodies import answer, read_body
from gateway.limits import SESSION_SECONDS
from gateway.parts import PARTS
from schemas import accounts
from schemas.ids import new_id
from store import users


async def create_guest(request: web.Request) -> web.Response:
    """`POST /api/auth/guest`: an account without a password, and its first access token."""
    parts = request.app[PARTS]
    body = await read_body(request, accounts.GuestRequest, optional=True)
    parts.guests.take(address_of(request, parts.settings.trusted_proxies), time.monotonic())
    user_id, session_id = new_id(), new_id()
    row = await users.create_guest(
        parts.postgres,
        user_id,
        session_id,
        display_name=body.display_name or f"Guest {user_id.hex[-4:]}",
        session_seconds=SESSION_SECONDS,
    )
    token, seconds = parts.tokens.sign_access(user_id, session_id)
    user = accounts.User(id=row.id, display_name=row.display_name, is_guest=row.is_guest, created_at=row.created_at)
    return answer(accounts.AccessGranted(access_token=token, expires_in=seconds, user=user), status=201)
