"""`/api/projects/{id}/members…`: who is in a project, and as what.

Nobody gives a role above their own, or takes one from somebody above them; a project always has an owner. All of it is
decided in the transaction that does it, on the locked project, so that two who act at once do so one after the other.
"""

from typing import Final
from uuid import UUID

from gateway.cursors import decode_cursor, page
from gateway.operation import Answer
from gateway.operations import Call
from gateway.refusals import Conflict, Forbidden, Invalid, Missing
from gateway.routes.project_acts import audit, lock_living, role_now, tell, tell_user
from gateway.routes.project_answers import Micros, from_micros, to_micros
from schemas import members as bodies
from schemas.pages import Page
from schemas.roles import Role
from store import invites, members
from store.happenings import add_access_change
from store.members import MEMBERS_MAX, MemberRow, PersonRow
from store.postgres import Queries, Transaction
from store.projects import LockedProject

LAST_OWNER: Final = "a project has an owner: make somebody else one first, or delete it"


def member(row: MemberRow) -> bodies.Member:
    """A member as the others see them."""
    return bodies.Member(
        user_id=row.user_id,
        role=row.role,
        display_name=row.display_name,
        username=row.username,
        avatar_url=row.avatar_url,
        is_guest=row.is_guest,
        invited_by=row.invited_by,
        created_at=row.created_at,
    )


async def all_members(db: Queries, project_id: UUID) -> list[bodies.Member]:
    """Of a project, in the order in which they came."""
    return [member(row) for row in await members.list_members(db, project_id, MEMBERS_MAX)]


async def list_members(call: Call) -> Page[bodies.Member]:
    """List the members in the order in which they came."""
    query: bodies.MembersQuery = call.query
    last = decode_cursor(query.cursor, tuple[Micros, UUID])
    after = members.START if last is None else (from_micros(last[0]), last[1])
    rows = await members.list_members(call.parts.postgres, call.access.project_id, query.limit + 1, after)
    return page(rows, query.limit, member, lambda row: (to_micros(row.created_at), row.user_id))


async def add_member(call: Call) -> Answer:
    """Add somebody by their id, or by the verified address of their account. Others can be invited."""
    body: bodies.MemberRequest = call.body
    project_id = call.access.project_id
    if (body.user_id is None) == (body.email is None):
        raise Invalid.field("/user_id", "give either user_id or email")
    if body.email is not None and call.caller.is_guest:
        raise Forbidden("guests add members by user_id")

    async def work(tx: Transaction) -> MemberRow:
        locked = await lock_living(tx, project_id)
        _must_reach(await role_now(tx, call, project_id), body.role)
        person = await _person(tx, body)
        await join(tx, call, locked, person, body.role, invited_by=call.caller.user_id)
        return await _found(tx, project_id, person.id)

    row = await call.parts.postgres.transact(work)
    call.parts.gate.forget_member(project_id, row.user_id)
    return Answer(member(row), headers={"Location": f"/api/projects/{project_id}/members/{row.user_id}"})


async def change_member(call: Call) -> bodies.Member:
    """Change somebody's role, or lower one's own. With `hand_over` an owner steps back for another in one step."""
    body: bodies.MemberChange = call.body
    project_id, user_id, actor_id = call.access.project_id, call.id("user_id"), call.caller.user_id
    if body.hand_over and (body.role is not Role.OWNER or user_id == actor_id):
        raise Invalid.field("/hand_over", "hands a project over to somebody else with the role owner")

    async def work(tx: Transaction) -> MemberRow:
        locked = await lock_living(tx, project_id)
        own = await role_now(tx, call, project_id)
        row = await _found(tx, project_id, user_id)
        _must_reach(own, max(row.role, body.role), themselves=user_id == actor_id)
        if row.role is Role.OWNER and body.role is not Role.OWNER:
            await _leave_ownership(tx, locked, user_id)
        await set_role(tx, call, row, project_id, body.role)
        if body.hand_over:
            await members.set_owner(tx, project_id, user_id)
            await set_role(tx, call, await _found(tx, project_id, actor_id), project_id, Role.ADMIN)
        return await _found(tx, project_id, user_id)

    row = await call.parts.postgres.transact(work)
    call.parts.gate.forget_member(project_id, user_id)
    call.parts.gate.forget_member(project_id, actor_id)
    return member(row)


async def remove_member(call: Call) -> None:
    """Remove somebody, or leave. The last owner cannot."""
    project_id, user_id = call.access.project_id, call.id("user_id")

    async def work(tx: Transaction) -> None:
        locked = await lock_living(tx, project_id)
        own = await role_now(tx, call, project_id)
        row = await _found(tx, project_id, user_id)
        _must_reach(own, row.role, themselves=user_id == call.caller.user_id)
        if row.role is Role.OWNER:
            await _leave_ownership(tx, locked, user_id)
        await members.remove_member(tx, project_id, user_id)
        await invites.revoke_invites_of(tx, project_id, user_id)
        await tell(tx, call, project_id, "member.removed", user_id=user_id)
        await tell_user(tx, call, user_id, project_id, "member.removed", name=locked.name)
        await add_access_change(tx, "member.changed", project_id=project_id, user_id=user_id)
        await audit(tx, call, "member.removed", project_id, user_id=user_id, role=row.role_name)

    await call.parts.postgres.transact(work)
    call.parts.gate.forget_member(project_id, user_id)


async def join(
    tx: Transaction, call: Call, project: LockedProject, person: PersonRow, role: Role, invited_by: UUID | None
) -> None:
    """Somebody becomes a member of the locked project. Raises Conflict, also where they leave Atrium at this moment."""
    if await members.hold_person(tx, person.id) is None:
        raise Conflict("their account is gone")
    if await members.count_members(tx, project.id) >= MEMBERS_MAX:
        raise Conflict(f"a project has at most {MEMBERS_MAX} members")
    if not await members.add_member(tx, project.id, person.id, role, invited_by):
        raise Conflict("they are a member already; PATCH changes their role")
    # Whoever may read a public project hears of it: so no names.
    await tell(tx, call, project.id, "member.added", user_id=person.id, role=role.value)
    await tell_user(tx, call, person.id, project.id, "member.added", role=role.value, name=project.name)
    await add_access_change(tx, "member.changed", project_id=project.id, user_id=person.id)
    await audit(tx, call, "member.added", project.id, user_id=person.id, role=role.value)


async def set_role(tx: Transaction, call: Call, row: MemberRow, project_id: UUID, role: Role) -> None:
    """A member of a locked project gets another role."""
    if row.role is role:
        return
    await members.set_role(tx, project_id, row.user_id, role)
    if role < Role.ADMIN:
        await invites.revoke_invites_of(tx, project_id, row.user_id)
    await tell(tx, call, project_id, "member.changed", user_id=row.user_id, role=role.value, before=row.role_name)
    await tell_user(tx, call, row.user_id, project_id, "member.changed", role=role.value, before=row.role_name)
    await add_access_change(tx, "member.changed", project_id=project_id, user_id=row.user_id)
    await audit(tx, call, "member.changed", project_id, user_id=row.user_id, role=role.value, before=row.role_name)


async def _leave_ownership(tx: Transaction, project: LockedProject, user_id: UUID) -> None:
    other = await members.other_owner(tx, project.id, user_id)
    if other is None:
        raise Conflict(LAST_OWNER)
    if project.owner_id == user_id:
        await members.set_owner(tx, project.id, other)


async def _person(tx: Transaction, body: bodies.MemberRequest) -> PersonRow:
    if body.email is not None:
        person = await members.find_person_by_email(tx, body.email)
        if person is None:
            raise Invalid.field("/email", "no account here has this verified address; send an invitation")
        return person
    assert body.user_id is not None  # one of the two was given
    person = await members.find_person(tx, body.user_id)
    if person is None:
        raise Invalid.field("/user_id", "there is no such account")
    return person


async def _found(tx: Transaction, project_id: UUID, user_id: UUID) -> MemberRow:
    row = await members.find_member(tx, project_id, user_id)
    if row is None:
        raise Missing("there is no such member")
    return row


def _must_reach(own: Role, role: Role, themselves: bool = False) -> None:
    """Raises Forbidden for what is above the caller, and for who may change nobody but themselves."""
    if own < Role.ADMIN and not themselves:
        raise Forbidden("members are changed by admins and owners")
    if role > own:
        raise Forbidden(f"your role is {own.value}: you cannot give or take {role.value}")
