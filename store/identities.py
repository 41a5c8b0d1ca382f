"""Accounts elsewhere (GitHub) that sign in to an account here. Called by the routes oauth.py and recovery.py."""

from dataclasses import dataclass
from uuid import UUID

from store.postgres import Queries


@dataclass(frozen=True, slots=True)
class IdentityRow:
    """Whose account it is, and whether that one may sign in."""

    user_id: UUID
    status: str


@dataclass(frozen=True, slots=True)
class RemovedIdentity:
    """One that signs in no more."""

    provider: str
    provider_user_id: str


async def find_identity(db: Queries, provider: str, provider_user_id: str) -> IdentityRow | None:
    """By the provider's own id, which it never gives to anybody else; logins and addresses it does."""
    return await db.row(
        IdentityRow,
        """
        SELECT identities.user_id, users.status FROM identities
        JOIN users ON users.id = identities.user_id
        WHERE identities.provider = %(provider)s AND identities.provider_user_id = %(provider_user_id)s
        """,
        {"provider": provider, "provider_user_id": provider_user_id},
    )


async def add_identity(
    db: Queries, identity_id: UUID, user_id: UUID, provider: str, provider_user_id: str, login: str
) -> None:
    """Link it to a user. Raises Taken when it is linked to one already."""
    await db.execute(
        """
        INSERT INTO identities (id, user_id, provider, provider_user_id, provider_login)
        VALUES (%(id)s, %(user_id)s, %(provider)s, %(provider_user_id)s, %(login)s)
        """,
        {
            "id": identity_id,
            "user_id": user_id,
            "provider": provider,
            "provider_user_id": provider_user_id,
            "login": login,
        },
    )


async def remove_identities(db: Queries, user_id: UUID) -> list[RemovedIdentity]:
    """Unlink all of a user's; which they were."""
    return await db.rows(
        RemovedIdentity,
        "DELETE FROM identities WHERE user_id = %(user_id)s RETURNING provider, provider_user_id",
        {"user_id": user_id},
    )
