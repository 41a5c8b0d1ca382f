"""Who sent a REST request: the access token of its Authorization header. Called by the routes."""

from dataclasses import dataclass

from aiohttp import web

from gateway.auth.tokens import AccessToken, Expired, Forged
from gateway.parts import PARTS
from store.users import UserRow, find_active_user


@dataclass(frozen=True, slots=True)
class Caller:
    """An account that proved who it is, just now."""

    user: UserRow
    token: AccessToken


def bearer_token(request: web.Request) -> AccessToken:
    """The verified token of the request, before anybody asked the database. Raises Expired or Forged."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise Forged("send the access token as: Authorization: Bearer <token>")
    return request.app[PARTS].tokens.verify_access(token.strip())


async def find_caller(request: web.Request) -> Caller:
    """The account behind the request. Raises Expired or Forged, also when the session has ended."""
    parts = request.app[PARTS]
    token = bearer_token(request)
    user = await find_active_user(parts.postgres, token.user_id, token.session_id)
    if user is None:
        raise Expired("the session has ended; sign in again")
    return Caller(user, token)
