"""`/api/admin/users…`: what administrators decide about accounts."""

from collections.abc import Callable
from uuid import UUID

from msgspec import UNSET

from gateway.auth.notes import audit, tell_ended, tell_user
from gateway.auth.people import shown
from gateway.cursors import decode_cursor, page
from gateway.operation import Answer
from gateway.operations import Call
from gateway.refusals import Conflict, Missing, Stale
from schemas import accounts as bodies
from schemas.pages import Page
from store import sessions, users, users_admin
from store.happenings import add_access_change
from store.postgres import Queries
from store.users import UserRow
from store.users_admin import LATEST, UserFilter


async def list_accounts(call: Call) -> Page[bodies.User]:
    """List or find accounts, the youngest first."""
    query = call.query
    wanted = UserFilter(
        role=query.role, tier=query.tier, status=query.status, before=decode_cursor(query.cursor, UUID) or LATEST
    )
    db, beginning = call.parts.postgres, (query.q or "").strip()
    if beginning:
        rows = await users_admin.search_accounts(db, beginning, wanted, query.limit + 1)
    else:
        rows = await users_admin.list_users(db, wanted, query.limit + 1)
    return page(rows, query.limit, lambda row: shown(row, fully=True), lambda row: row.id)


async def change_account(call: Call) -> Answer:
    """Change an account's role, tier or status."""
    body = call.body

    def changed(row: UserRow) -> tuple[str, str, str]:
        return (
            row.role if body.role is UNSET else body.role,
            row.tier if body.tier is UNSET else body.tier,
            row.status if body.status is UNSET else body.status,
        )

    return await _change(call, "user.changed", changed, call.expected_version())


async def ban(call: Call) -> Answer:
    """Ban somebody: their sessions and connections end, and they cannot sign in."""
    return await _change(call, "user.banned", lambda row: (row.role, row.tier, "banned"), reason=call.body.reason)


async def unban(call: Call) -> Answer:
    """Let somebody in again who was banned."""
    return await _change(call, "user.unbanned", lambda row: (row.role, row.tier, "active"))


async def end_logins(call: Call) -> None:
    """End all logins of an account."""
    user_id = call.id()

    async def work(db: Queries) -> None:
        if await users.lock_user(db, user_id) is None:
            raise Missing("there is no such user")
        ended = await sessions.end_sessions(db, user_id, "ended by an administrator")
        await tell_ended(db, call, user_id, ended, "ended by an administrator")
        await audit(db, call, "user.logged-out", user_id, sessions=len(ended))

    await call.parts.postgres.transact(work)
    call.parts.gate.forget_all_sessions()


async def keep_an_admin(db: Queries, user_id: UUID) -> None:
    """Raises Conflict for the last administrator; while others are counted, none of them can be taken away either."""
    if await users_admin.lock_admins(db) == [user_id]:
        raise Conflict("this is the last administrator: make another one first")


async def _change(
    call: Call,
    act: str,
    change: Callable[[UserRow], tuple[str, str, str]],
    expected: int | None = None,
    **details: object,
) -> Answer:
    user_id = call.id()

    async def work(db: Queries) -> UserRow:
        admins = await users_admin.lock_admins(db)
        row = await users.lock_user(db, user_id)
        if row is None or row.status == "deleted":
            raise Missing("there is no such user")
        if expected is not None and expected != row.version:
            raise Stale("the account was changed meanwhile; read it again")
        role, tier, status = change(row)
        if role == "admin" and row.is_guest:
            raise Conflict("guests cannot administer")
        if admins == [user_id] and (role, status) != ("admin", "active"):
            raise Conflict("this is the last administrator: make another one first")
        if (role, tier, status) == (row.role, row.tier, row.status):
            return row
        after = await users_admin.change_account(db, user_id, role=role, tier=tier, status=status)
        if status == "banned" and row.status != "banned":
            ended = await sessions.end_sessions(db, user_id, "banned")
            await tell_ended(db, call, user_id, ended, "banned")
        await add_access_change(db, "user.changed", user_id=user_id)
        await tell_user(db, call, user_id, "user.updated", role=role, tier=tier, status=status)
        before = {"role": row.role, "tier": row.tier, "status": row.status}
        await audit(db, call, act, user_id, role=role, tier=tier, status=status, before=before, **details)
        return after

    row = await call.parts.postgres.transact(work)
    call.parts.gate.forget_all_sessions()
    return Answer(shown(row, fully=True), etag=str(row.version))
