"""A user's row as others and as they themselves see it. Used by the routes of accounts."""

from typing import cast

from gateway.auth.caller import Caller
from schemas.accounts import SiteRole, Status, Tier, User
from store.users import UserRow


def shown(row: UserRow, *, fully: bool) -> User:
    """`fully`: to themselves, and to administrators."""
    if not fully:
        return User(
            id=row.id,
            display_name=row.display_name,
            username=row.username,
            avatar_url=row.avatar_url,
            bio=row.bio,
            is_guest=row.is_guest,
            created_at=row.created_at,
        )
    return User(
        id=row.id,
        display_name=row.display_name,
        username=row.username,
        avatar_url=row.avatar_url,
        bio=row.bio,
        is_guest=row.is_guest,
        created_at=row.created_at,
        email=row.email,
        email_verified=row.email_verified_at is not None,
        role=cast(SiteRole, row.role),
        tier=cast(Tier, row.tier),
        status=cast(Status, row.status),
        locale=row.locale,
        has_password=row.has_password,
        version=row.version,
        updated_at=row.updated_at,
    )


def administers(caller: Caller) -> bool:
    """Whether they act as an administrator: a platform token does with the scope `admin` alone."""
    return caller.is_admin and (caller.scopes is None or "admin" in caller.scopes)
