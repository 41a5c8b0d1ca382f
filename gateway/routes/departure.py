"""`DELETE /api/users/{id}`: an account goes, and with it all that says who it was.

    projects shared with others, of which they are the only owner ──► 409: hand them over, or delete them, first
    their other projects ──► deleted softly where nobody else is in them, left otherwise
    the account ──► anonymised; sessions, platform tokens, webhooks and other identities end

It goes on in steps, each a transaction that is right by itself: sent again after a failure it finishes what is left.
"""

from uuid import UUID

import structlog

from gateway.auth.notes import audit
from gateway.operation import Answer
from gateway.operations import Call
from gateway.refusals import Conflict, Missing
from gateway.routes import project_acts
from gateway.routes.admin_users import keep_an_admin
from gateway.routes.recovery import prove_oneself
from schemas.roles import Role
from store import departures, invites, members, projects, user_keys, users, webhooks
from store.departures import MembershipOf
from store.errors import StoreUnavailable
from store.happenings import add_access_change, user_topic
from store.one_time import drop_one_time
from store.postgres import Transaction

PROJECTS_MAX = 1_000
"""Projects that go with an account, some ten queries each: two seconds."""
ROUNDS = 3
"""Times that it looks again for projects that came meanwhile."""


log = structlog.get_logger("gateway.auth")


class _MoreProjects(Exception):
    """The account got into a project meanwhile: nothing was changed."""


async def delete_user(call: Call) -> Answer:
    """Delete an account and forget who it was; one's own needs its password. It cannot be taken back."""
    parts, user_id = call.parts, call.id()
    row = await users.find_user(parts.postgres, user_id)
    if row is None or row.status == "deleted":
        raise Missing("there is no such user")
    if user_id == call.caller.user_id and not row.is_guest:
        await parts.rates.take_account("login", user_id)
        await prove_oneself(call, call.body.password, "/password")
    for _ in range(ROUNDS):
        found = await departures.list_memberships_of(parts.postgres, user_id, PROJECTS_MAX + 1)
        if len(found) > PROJECTS_MAX:
            raise Conflict(f"leave or delete some projects first: at most {PROJECTS_MAX} go with an account")
        _refuse_orphans(found)
        for each in found:
            await _leave(call, user_id, each)
        if await _go(call, user_id):
            parts.gate.forget_everything()
            return Answer(status=202)
    raise Conflict("projects are being added to the account meanwhile; send it again")


def _refuse_orphans(found: list[MembershipOf]) -> None:
    orphans = [each for each in found if each.is_last_owner and not each.is_alone]
    if orphans:
        named = ", ".join(f"{each.name!r} ({each.project_id})" for each in orphans[:5])
        raise Conflict(f"the only owner of {len(orphans)} shared projects: hand over or delete {named}")


async def _leave(call: Call, user_id: UUID, membership: MembershipOf) -> None:
    project_id = membership.project_id

    async def work(tx: Transaction) -> None:
        locked = await projects.lock_project(tx, project_id)
        row = await members.find_member(tx, project_id, user_id)
        if locked is None or locked.is_deleted or row is None:
            return
        if await members.count_members(tx, project_id) == 1:
            await projects.mark_deleted(tx, project_id, True)
            await project_acts.tell(tx, call, project_id, "project.deleted", name=locked.name)
            await add_access_change(tx, "project.changed", project_id=project_id)
            await project_acts.audit(tx, call, "project.deleted", project_id)
            return
        if row.role is Role.OWNER:
            other = await members.other_owner(tx, project_id, user_id)
            if other is None:
                raise Conflict(f"the only owner of {locked.name!r} ({project_id}): hand it over or delete it first")
            if locked.owner_id == user_id:
                await members.set_owner(tx, project_id, other)
        await members.remove_member(tx, project_id, user_id)
        await invites.revoke_invites_of(tx, project_id, user_id)
        await project_acts.tell(tx, call, project_id, "member.removed", user_id=user_id)
        await add_access_change(tx, "member.changed", project_id=project_id, user_id=user_id)

    await call.parts.postgres.transact(work)


async def _go(call: Call, user_id: UUID) -> bool:
    """The account itself; False if there are projects again: who adds a member waits for this lock."""

    async def work(tx: Transaction) -> None:
        await _release_invites(tx, user_id)
        await keep_an_admin(tx, user_id)
        row = await users.lock_user(tx, user_id)
        if row is None or row.status == "deleted":
            raise Missing("there is no such user")
        if await departures.list_memberships_of(tx, user_id, 1):
            raise _MoreProjects
        await departures.anonymise(tx, user_id)
        await drop_one_time(tx, user_id)
        await webhooks.remove_endpoints(tx, user_id)
        await user_keys.remove_keys(tx, user_id)
        await add_access_change(tx, "user.changed", user_id=user_id)
        await audit(tx, call, "user.deleted", user_id)

    try:
        await call.parts.postgres.transact(work)
    except _MoreProjects:
        return False
    try:
        await call.parts.events.forget(user_topic(user_id))
    except StoreUnavailable as error:
        # The account is gone all the same, and the log goes by itself within days.
        log.warning("what was told to somebody who left stays for a while", user=str(user_id), reason=str(error))
    return True


async def _release_invites(tx: Transaction, user_id: UUID) -> None:
    row = await users.find_user(tx, user_id)
    if row is not None:
        # An address that nobody verified may be somebody else's, and so may be its invitations.
        email = row.email if row.email_verified_at is not None else None
        await departures.release_invites(tx, user_id, email)
