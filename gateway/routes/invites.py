"""Invitations to a project: made by admins, accepted once by whoever holds the token.

    POST …/invites ──► token, shown once; its SHA-256 is kept ──► POST /api/invites/{token}/accept ──► a member

An invitation that names an address is for the account that has verified it. It ends with its time, when it is revoked,
and when who made it may invite no more.
"""

import hashlib
import secrets
from typing import Final
from uuid import UUID

from msgspec import UNSET, UnsetType

from gateway.cursors import decode_cursor, page
from gateway.operation import Answer
from gateway.operations import Call
from gateway.refusals import Conflict, Forbidden, Invalid, Missing
from gateway.routes.members import join, set_role
from gateway.routes.project_acts import audit, lock_living, role_now, tell
from schemas import members as bodies
from schemas.ids import new_id
from schemas.pages import Page
from schemas.roles import Role
from store import invites, members, projects
from store.invites import INVITES_MAX, InviteRow
from store.members import PersonRow
from store.postgres import Transaction
from store.project_lists import LAST_ID

TOKEN_BYTES: Final = 32  # of randomness: nobody guesses it within the week that it lives
TOKEN_LENGTH_MAX: Final = 100  # characters; ours have 43
GONE: Final = "there is no such invitation, or its time is over"


async def create_invite(call: Call) -> Answer:
    """Make an invitation. The token in the answer is shown this once."""
    body: bodies.InviteRequest = call.body
    project_id, invite_id, token = call.access.project_id, new_id(), secrets.token_urlsafe(TOKEN_BYTES)
    if body.role is Role.OWNER:
        raise Invalid.field("/role", "owners are made of members, not by invitation")

    async def work(tx: Transaction) -> InviteRow:
        await lock_living(tx, project_id)
        if await role_now(tx, call, project_id) < Role.ADMIN:
            raise Forbidden("invitations are made by admins and owners")
        if await invites.count_open(tx, project_id) >= INVITES_MAX:
            raise Conflict(f"a project has at most {INVITES_MAX} open invitations; revoke some")
        row = await invites.add_invite(
            tx,
            invite_id,
            project_id,
            token_hash=_hashed(token),
            email=body.email,
            role=body.role,
            invited_by=call.caller.user_id,
            seconds=body.expires_in,
        )
        # Not the address: whoever may read a public project hears of it.
        await tell(tx, call, project_id, "invite.created", invite_id=invite_id, role=body.role.value)
        await audit(tx, call, "invite.created", project_id, invite_id=invite_id, role=body.role.value)
        return row

    row = await call.parts.postgres.transact(work)
    return Answer(_invite(row, token))


async def list_invites(call: Call) -> Page[bodies.Invite]:
    """List the invitations, the latest first, whatever became of them."""
    query: bodies.InvitesQuery = call.query
    last = decode_cursor(query.cursor, tuple[UUID])
    before = LAST_ID if last is None else last[0]
    rows = await invites.list_invites(call.parts.postgres, call.access.project_id, before, query.limit + 1)
    return page(rows, query.limit, _invite, lambda row: (row.id,))


async def revoke_invite(call: Call) -> None:
    """Revoke an invitation that nobody accepted yet."""
    project_id, invite_id = call.access.project_id, call.id("invite_id")

    async def work(tx: Transaction) -> None:
        await lock_living(tx, project_id)
        if await role_now(tx, call, project_id) < Role.ADMIN:
            raise Forbidden("invitations are revoked by admins and owners")
        if not await invites.revoke_invite(tx, project_id, invite_id):
            raise Missing("there is no such invitation that is still open")
        await tell(tx, call, project_id, "invite.revoked", invite_id=invite_id)
        await audit(tx, call, "invite.revoked", project_id, invite_id=invite_id)

    await call.parts.postgres.transact(work)


async def accept_invite(call: Call) -> bodies.InviteAccepted:
    """Accept an invitation. Who is a member already keeps the higher of both roles; once more changes nothing."""
    token, caller = call.request.match_info["token"], call.caller
    found = None
    if len(token) <= TOKEN_LENGTH_MAX:
        found = await invites.find_invite(call.parts.postgres, _hashed(token))
    if found is None:
        raise Missing(GONE)
    project_id = found.project_id

    async def work(tx: Transaction) -> Role:
        project = await lock_living(tx, project_id)
        invite = await invites.find_invite(tx, _hashed(token))
        if invite is None or invite.revoked_at is not None:
            raise Missing(GONE)
        if invite.invited_by is not None and await members.find_person(tx, invite.invited_by) is None:
            raise Missing(GONE)  # who made it was banned, or has left Atrium
        role = await projects.find_role(tx, project_id, caller.user_id)
        if invite.accepted_at is not None:
            if invite.accepted_by == caller.user_id and role is not None:
                return role
            raise Conflict("this invitation was used already")
        if invite.email is not None and not await members.owns_address(tx, caller.user_id, invite.email):
            raise Forbidden("this invitation is for another address; sign in with it and verify it")
        if not await invites.mark_accepted(tx, invite.id, caller.user_id):
            raise Missing(GONE)  # expired
        await tell(tx, call, project_id, "invite.accepted", invite_id=invite.id, user_id=caller.user_id)
        await audit(tx, call, "invite.accepted", project_id, invite_id=invite.id)
        member = await members.find_member(tx, project_id, caller.user_id)
        if member is None:
            person = PersonRow(caller.user_id, caller.display_name)
            await join(tx, call, project, person, invite.role, invited_by=invite.invited_by)
            return invite.role
        await set_role(tx, call, member, project_id, max(member.role, invite.role))
        return max(member.role, invite.role)

    role = await call.parts.postgres.transact(work)
    call.parts.gate.forget_member(project_id, caller.user_id)
    return bodies.InviteAccepted(project_id=project_id, role=role)


def _hashed(token: str) -> bytes:
    # Of so much randomness a plain hash is enough: there is nothing to try.
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()


def _invite(row: InviteRow, token: str | UnsetType = UNSET) -> bodies.Invite:
    state: bodies.InviteState = "open"
    if row.accepted_at is not None:
        state = "accepted"
    elif row.revoked_at is not None:
        state = "revoked"
    elif row.is_expired:
        state = "expired"
    return bodies.Invite(
        id=row.id,
        project_id=row.project_id,
        role=row.role,
        email=row.email,
        state=state,
        invited_by=row.invited_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        accepted_by=row.accepted_by,
        token=token,
    )
