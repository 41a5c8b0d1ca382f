"""Platform tokens: sessions of the kind `token`, one function per query. Called by gateway/routes/tokens.py."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from store.postgres import Queries


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A platform token as its owner sees it; nobody sees its secret again."""

    id: UUID
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime
    last_seen_at: datetime | None


async def add_token(
    db: Queries,
    token_id: UUID,
    user_id: UUID,
    name: str,
    scopes: Sequence[str],
    secret_hash: bytes,
    expires_at: datetime,
    limit: int,
) -> TokenRow | None:
    """A new token; None if the user has `limit` of them already. Two at the same moment may pass it by one."""
    return await db.row(
        TokenRow,
        """
        INSERT INTO sessions (id, user_id, kind, name, scopes, secret_hash, expires_at)
        SELECT %(id)s, %(user_id)s, 'token', %(name)s, %(scopes)s, %(secret_hash)s, %(expires_at)s
        WHERE (
            SELECT count(*) FROM sessions
            WHERE user_id = %(user_id)s AND kind = 'token' AND revoked_at IS NULL AND expires_at > now()
        ) < %(limit)s
        RETURNING id, name, scopes, created_at, expires_at, last_seen_at
        """,
        {
            "id": token_id,
            "user_id": user_id,
            "name": name,
            "scopes": list(scopes),
            "secret_hash": secret_hash,
            "expires_at": expires_at,
            "limit": limit,
        },
    )


async def list_tokens(db: Queries, user_id: UUID, before: UUID, limit: int) -> list[TokenRow]:
    """The user's tokens that are good now, the youngest first."""
    return await db.rows(
        TokenRow,
        """
        SELECT id, name, scopes, created_at, expires_at, last_seen_at FROM sessions
        WHERE user_id = %(user_id)s AND kind = 'token' AND revoked_at IS NULL AND expires_at > now()
          AND id < %(before)s
        ORDER BY id DESC
        LIMIT %(limit)s
        """,
        {"user_id": user_id, "before": before, "limit": limit},
    )
