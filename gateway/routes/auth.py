"""`/api/auth/…`: how somebody gets an account and an access token."""

from gateway.limits import SESSION_SECONDS
from gateway.operations import Call
from schemas import accounts
from schemas.ids import new_id
from store import users


async def create_guest(call: Call) -> accounts.AccessGranted:
    """Make an account without a password, and its first access token."""
    user_id, session_id = new_id(), new_id()
    row = await users.create_guest(
        call.parts.postgres,
        user_id,
        session_id,
        display_name=call.body.display_name or f"Guest {user_id.hex[-4:]}",
        session_seconds=SESSION_SECONDS,
    )
    token, seconds = call.parts.tokens.sign_access(user_id, session_id)
    user = accounts.User(id=row.id, display_name=row.display_name, is_guest=row.is_guest, created_at=row.created_at)
    return accounts.AccessGranted(access_token=token, expires_in=seconds, user=user)
