"""Tokens that work once: verify an address, reset a password, come back from GitHub. Only their hashes are kept.

Made and taken by gateway/auth/one_time.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec

from store.postgres import Queries

SWEPT: Final = 20
"""Old tokens that each new one takes with it: more than one, so that they become fewer."""


@dataclass(frozen=True, slots=True)
class OneTimeRow:
    """What a token stood for."""

    user_id: UUID | None
    payload: dict[str, Any]


async def add_one_time(
    db: Queries, token_hash: bytes, purpose: str, user_id: UUID | None, payload: Mapping[str, object], seconds: int
) -> None:
    """Keep a new one. Those of the same user and purpose that were made before it end; so do some that expired."""
    if user_id is not None:
        await db.execute(
            "DELETE FROM one_time_tokens WHERE user_id = %(user_id)s AND purpose = %(purpose)s",
            {"user_id": user_id, "purpose": purpose},
        )
    await db.execute(
        """
        DELETE FROM one_time_tokens WHERE token_hash IN (
            SELECT token_hash FROM one_time_tokens
            WHERE expires_at < now() - interval '1 day' ORDER BY expires_at LIMIT %(swept)s
            FOR UPDATE SKIP LOCKED
        )
        """,
        {"swept": SWEPT},
    )
    await db.execute(
        """
        INSERT INTO one_time_tokens (token_hash, purpose, user_id, payload, expires_at)
        VALUES (%(hash)s, %(purpose)s, %(user_id)s, %(payload)s::jsonb, now() + make_interval(secs => %(seconds)s))
        """,
        {
            "hash": token_hash,
            "purpose": purpose,
            "user_id": user_id,
            "payload": msgspec.json.encode(payload).decode(),
            "seconds": seconds,
        },
    )


async def take_one_time(db: Queries, token_hash: bytes, purpose: str) -> OneTimeRow | None:
    """Use one up; None when it is unknown, expired, or used: of two who come at once, one gets it."""
    return await db.row(
        OneTimeRow,
        """
        UPDATE one_time_tokens SET used_at = now()
        WHERE token_hash = %(hash)s AND purpose = %(purpose)s AND used_at IS NULL AND expires_at > now()
        RETURNING user_id, payload
        """,
        {"hash": token_hash, "purpose": purpose},
    )


async def drop_one_time(db: Queries, user_id: UUID) -> None:
    """End all of a user's."""
    await db.execute("DELETE FROM one_time_tokens WHERE user_id = %(user_id)s", {"user_id": user_id})
