"""`/api/auth/sessions`: where one is signed in, and ending one of them."""

from gateway.auth.notes import audit, tell_ended
from gateway.limits import SESSIONS
from gateway.operations import Call
from gateway.refusals import Missing
from schemas import accounts as bodies
from store import sessions
from store.postgres import Queries


async def list_sessions(call: Call) -> bodies.Sessions:
    """List where one is signed in, the youngest first."""
    rows = await sessions.list_logins(call.parts.postgres, call.caller.user_id, SESSIONS)
    return bodies.Sessions(
        [
            bodies.Session(
                id=row.id,
                current=row.id == call.caller.session_id,
                created_at=row.created_at,
                last_seen_at=row.last_seen_at,
                expires_at=row.expires_at,
                address=row.last_address,
                user_agent=row.user_agent,
            )
            for row in rows
        ]
    )


async def end_session(call: Call) -> None:
    """Sign out somewhere: the login's tokens and connections end."""
    caller, session_id = call.caller, call.id()

    async def work(db: Queries) -> bool:
        if not await sessions.end_session(db, caller.user_id, session_id, "login", "ended by its user"):
            return False
        await tell_ended(db, call, caller.user_id, (session_id,), "ended by its user")
        await audit(db, call, "session.ended", caller.user_id, session_id=str(session_id))
        return True

    if not await call.parts.postgres.transact(work):
        raise Missing("you have no such session")
    call.parts.gate.forget_session(session_id)
