"""Tokens that work once, made and taken; store/one_time.py keeps their hashes. Used by the routes of accounts."""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Literal
from uuid import UUID

from store.one_time import OneTimeRow, add_one_time, take_one_time
from store.postgres import Queries

Purpose = Literal["verify_email", "reset_password", "github"]


async def make_one_time(
    db: Queries, purpose: Purpose, user_id: UUID | None, payload: Mapping[str, object], seconds: int
) -> str:
    """A fresh token of 256 random bits; the user's earlier ones for the same purpose end."""
    token = secrets.token_urlsafe(32)
    await add_one_time(db, _hash(token), purpose, user_id, payload, seconds)
    return token


async def use_one_time(db: Queries, purpose: Purpose, token: str) -> OneTimeRow | None:
    """What it stood for, the first time; None when it is unknown, expired, used, or for something else."""
    return await take_one_time(db, _hash(token), purpose)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
