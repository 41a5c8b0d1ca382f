"""What the routes of accounts write beside a change, in its transaction: happenings, access changes, audit lines."""

from collections.abc import Iterable
from uuid import UUID

from gateway.operations import Call
from store.happenings import Act, Happening, add_access_change, add_audit, add_happening, user_topic
from store.postgres import Queries


async def tell_user(db: Queries, call: Call, user_id: UUID, kind: str, **data: object) -> None:
    """A happening on the user's own topic."""
    actor = call.maybe_caller.user_id if call.maybe_caller else user_id
    await add_happening(db, Happening(topic=user_topic(user_id), kind=kind, actor_id=actor, data=data))


async def audit(db: Queries, call: Call, act: str, user_id: UUID | None, **details: object) -> None:
    """A line of the audit log about a user; by themselves, if nobody else is signed in."""
    actor = call.maybe_caller.user_id if call.maybe_caller else user_id
    await add_audit(
        db,
        Act(
            act=act,
            actor_id=actor,
            subject=f"user:{user_id}" if user_id else "",
            address=call.address,
            request_id=call.request_id,
            details=details,
        ),
    )


async def tell_ended(db: Queries, call: Call, user_id: UUID, sessions: Iterable[UUID], reason: str) -> None:
    """Sessions ended: their connections close, and the user's other devices hear of it."""
    for session in sessions:
        await add_access_change(db, "session.ended", session_id=session)
        await tell_user(db, call, user_id, "session.ended", session_id=str(session), reason=reason)
