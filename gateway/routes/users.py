"""`/api/users…`: finding people, profiles, and leaving. What administrators decide is admin_users.py."""

from typing import Any
from uuid import UUID

from msgspec import UNSET

from gateway.auth import mailing
from gateway.auth.notes import audit, tell_user
from gateway.auth.people import administers, shown
from gateway.cursors import decode_cursor, page
from gateway.operation import Answer
from gateway.operations import Call
from gateway.refusals import Forbidden, Invalid, Missing, Stale
from gateway.routes.auth import already_taken
from schemas import accounts as bodies
from schemas.ids import new_id
from schemas.pages import Page
from store import users, users_admin
from store.errors import Taken
from store.happenings import add_access_change
from store.postgres import Queries
from store.users import NewUser, Profile, UserRow
from store.users_admin import LATEST, UserFilter

SEARCH_MIN = 3
"""Characters of a search by others than administrators: enough to find somebody, too many to list everybody."""


async def list_users(call: Call) -> Page[bodies.User]:
    """Find people by the beginning of their name; administrators may list them all."""
    query, admin = call.query, administers(call.caller)
    if not admin and (query.role is not None or query.tier is not None):
        raise Forbidden("only administrators filter by role and tier")
    wanted = UserFilter(
        role=query.role,
        tier=query.tier,
        status=None if admin else "active",
        before=decode_cursor(query.cursor, UUID) or LATEST,
    )
    db, limit = call.parts.postgres, query.limit + 1
    beginning = (query.q or "").strip()
    if admin and not beginning:
        rows = await users_admin.list_users(db, wanted, limit)
    elif len(beginning) < SEARCH_MIN:
        raise Invalid.field("?q", f"needs the first {SEARCH_MIN} characters of a name")
    else:
        rows = await users_admin.search_people(db, beginning, wanted, limit)
    return page(rows, query.limit, lambda row: shown(row, fully=admin), lambda row: row.id)


async def create_user(call: Call) -> Answer:
    """Make an account for somebody, who gets a mail to choose a password; for administrators."""
    body = call.body
    new = NewUser(
        id=new_id(),
        display_name=body.display_name or body.username or body.email.partition("@")[0],
        username=body.username.lower() if body.username else None,
        email=body.email,
        role=body.role,
        tier=body.tier,
    )

    async def work(db: Queries) -> UserRow:
        row = await users.create_user(db, new)
        await tell_user(db, call, row.id, "user.registered")
        await audit(db, call, "user.created", row.id, role=row.role, tier=row.tier)
        return row

    try:
        row = await call.parts.postgres.transact(work)
    except Taken as taken:
        raise already_taken(taken) from None
    await mailing.invite(call, row)
    return Answer(shown(row, fully=True), etag=str(row.version), headers={"Location": f"/api/users/{row.id}"})


async def get_user(call: Call) -> Answer:
    """Show somebody's profile; one's own, and to administrators, in full."""
    row = await users.find_user(call.parts.postgres, call.id())
    fully = administers(call.caller) or call.id() == call.caller.user_id
    if row is None or (row.status == "deleted" and not fully):
        raise Missing("there is no such user")
    return Answer(shown(row, fully=fully), etag=str(row.version) if fully else None)


async def change_user(call: Call) -> Answer:
    """Change a profile; a field that is left out stays, null clears it."""
    user_id, body, expected = call.id(), call.body, call.expected_version()

    async def work(db: Queries) -> UserRow:
        row = await users.lock_user(db, user_id)
        if row is None or row.status == "deleted":
            raise Missing("there is no such user")
        if expected is not None and expected != row.version:
            raise Stale("the profile was changed meanwhile; read it again")
        if row.is_guest and isinstance(body.username, str):
            raise Forbidden("guests have no username; register")
        profile = _changed(row, body)
        changed = await users.change_profile(db, user_id, profile)
        said = [name for name in Profile.__dataclass_fields__ if getattr(row, name) != getattr(profile, name)]
        await tell_user(db, call, user_id, "user.updated", fields=said)
        if row.display_name != changed.display_name:
            await add_access_change(db, "user.changed", user_id=user_id)
        if user_id != call.caller.user_id:
            await audit(db, call, "user.updated", user_id, fields=said)
        return changed

    try:
        row = await call.parts.postgres.transact(work)
    except Taken as taken:
        raise already_taken(taken) from None
    call.parts.gate.forget_all_sessions()
    return Answer(shown(row, fully=True), etag=str(row.version))


def _changed(row: UserRow, body: bodies.ProfileChange) -> Profile:
    def pick(name: str, cleared: Any) -> Any:
        value = getattr(body, name)
        if value is UNSET:
            return getattr(row, name)
        return cleared if value is None else value

    username = pick("username", None)
    return Profile(
        display_name=pick("display_name", row.display_name),
        username=username.lower() if username else None,
        avatar_url=pick("avatar_url", None),
        bio=pick("bio", ""),
        locale=pick("locale", "en"),
    )
