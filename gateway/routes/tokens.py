"""`/api/tokens`: platform tokens, by which machines act for an account.

Not by platform tokens themselves, and not with an Idempotency-Key: its memory would keep the token that is shown once.
"""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from uuid import UUID

from gateway.auth.logins import still_in
from gateway.auth.notes import audit, tell_ended, tell_user
from gateway.auth.tokens import PLATFORM_SECRET_BYTES, write_platform_token
from gateway.cursors import decode_cursor, page
from gateway.limits import PLATFORM_TOKEN_SECONDS, PLATFORM_TOKENS
from gateway.operation import Answer
from gateway.operations import Call
from gateway.refusals import Conflict, Forbidden, Invalid, Missing
from schemas import platform_tokens as bodies
from schemas.ids import new_id
from schemas.pages import Page
from store import platform_tokens, sessions
from store.platform_tokens import TokenRow
from store.postgres import Queries
from store.users_admin import LATEST

USUAL = timedelta(days=90)
"""How long a token lasts whose maker does not say."""


async def list_tokens(call: Call) -> Page[bodies.PlatformToken]:
    """List one's tokens that are good now, the youngest first."""
    query = call.query
    before = decode_cursor(query.cursor, UUID) or LATEST
    rows = await platform_tokens.list_tokens(call.parts.postgres, call.caller.user_id, before, query.limit + 1)
    return page(rows, query.limit, _shown, lambda row: row.id)


async def create_token(call: Call) -> Answer:
    """Make a token; the answer shows it for the only time."""
    caller, body = call.caller, call.body
    if "admin" in body.scopes and not caller.is_admin:
        raise Forbidden("only administrators make tokens with the scope admin")
    token_id, secret = new_id(), secrets.token_bytes(PLATFORM_SECRET_BYTES)
    scopes = sorted(set(body.scopes))
    expires_at = _end(body.expires_at, datetime.now(UTC))

    async def work(db: Queries) -> TokenRow | None:
        await still_in(db, call)
        row = await platform_tokens.add_token(
            db, token_id, caller.user_id, body.name, scopes, hashlib.sha256(secret).digest(), expires_at,
            PLATFORM_TOKENS,
        )  # fmt: skip
        if row is not None:
            await tell_user(db, call, caller.user_id, "token.created", token_id=str(token_id), name=body.name)
            await audit(db, call, "token.created", caller.user_id, token_id=str(token_id), scopes=scopes)
        return row

    row = await call.parts.postgres.transact(work)
    if row is None:
        raise Conflict(f"an account has at most {PLATFORM_TOKENS} tokens; end some")
    shown = _shown(row)
    made = bodies.NewPlatformToken(
        id=shown.id,
        name=shown.name,
        scopes=shown.scopes,
        created_at=shown.created_at,
        expires_at=shown.expires_at,
        last_used_at=None,
        token=write_platform_token(token_id, secret),
    )
    return Answer(made, headers={"Location": f"/api/tokens/{token_id}"})


async def end_token(call: Call) -> None:
    """End a token; whatever it opened closes."""
    caller, token_id = call.caller, call.id()

    async def work(db: Queries) -> bool:
        if not await sessions.end_session(db, caller.user_id, token_id, "token", "ended by its user"):
            return False
        await tell_ended(db, call, caller.user_id, (token_id,), "ended by its user")
        await audit(db, call, "token.ended", caller.user_id, token_id=str(token_id))
        return True

    if not await call.parts.postgres.transact(work):
        raise Missing("you have no such token")
    call.parts.gate.forget_session(token_id)


def _end(asked: datetime | None, now: datetime) -> datetime:
    if asked is None:
        return now + USUAL
    if asked.tzinfo is None:
        raise Invalid.field("/expires_at", "needs a time zone, such as 2027-01-31T00:00:00Z")
    if not now < asked <= now + timedelta(seconds=PLATFORM_TOKEN_SECONDS):
        raise Invalid.field("/expires_at", "must lie in the future, and at most a year away")
    return asked


def _shown(row: TokenRow) -> bodies.PlatformToken:
    return bodies.PlatformToken(
        id=row.id,
        name=row.name,
        scopes=row.scopes,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_seen_at,
    )
