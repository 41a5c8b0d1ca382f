"""`/api/collaboration/sessions…`: names for a time that people spend together; and who is in a project now.

Who is here is what the gateways tell Redis (sockets/attendance.py); who joined, and when, stands in PostgreSQL.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, Literal, cast
from uuid import UUID

import msgspec

from gateway.cursors import decode_cursor, page
from gateway.operation import Answer
from gateway.operations import Call
from gateway.parts import HOME_URL
from gateway.permissions import InProject
from gateway.refusals import Conflict, Missing, Stale
from gateway.routes.present import people
from schemas import collaboration as bodies
from schemas.here import Attendance, decode
from schemas.ids import new_id
from schemas.pages import Page
from schemas.roles import Role
from store import collaboration as store
from store.happenings import Happening, add_happening, project_topic
from store.postgres import Queries, Transaction

MEMBER: Final = InProject(Role.VIEWER)
LATEST: Final = UUID(int=(1 << 128) - 1)
OVER: Final = "the session has ended; start another"


# Sessions


async def list_sessions(call: Call) -> Page[bodies.CollabSession]:
    """List a project's collaboration sessions, the latest first."""
    query: bodies.SessionsQuery = call.query
    ask = store.list_active_sessions if query.status == "active" else store.list_all_sessions
    before = decode_cursor(query.cursor, UUID) or LATEST
    rows = await ask(call.parts.postgres, call.access.project_id, before, query.limit + 1)
    return page(rows, query.limit, _session, lambda row: row.id)


async def start_session(call: Call) -> Answer:
    """Start a collaboration session in a project that one is a member of."""
    body: bodies.SessionRequest = call.body
    # The project stands in the body, so this operation asks here what others state in the table.
    await call.parts.permissions.permit(MEMBER, call.caller, {"id": str(body.project_id)})
    user, session = call.caller.user_id, new_id()

    async def start(tx: Transaction) -> store.CollabSessionRow | None:
        row = await store.start_session(tx, session, body.project_id, body.name, user, bodies.ACTIVE_SESSIONS)
        if row is not None:
            await _tell(tx, "started", row, user, name=row.name)
        return row

    row = await call.parts.postgres.transact(start)
    if row is None:
        raise Conflict(f"the project has {bodies.ACTIVE_SESSIONS} active sessions; end some first")
    return _answer(row, status=201, headers={"Location": f"/api/collaboration/sessions/{row.id}"})


async def get_session(call: Call) -> Answer:
    """Read a collaboration session."""
    return _answer(_there(await store.find_collab_session(call.parts.postgres, call.id())))


async def change_session(call: Call) -> Answer:
    """Rename a collaboration session, or end it."""
    body: bodies.SessionChange = call.body
    return _answer(await _change(call, body.name, ends=body.status == "ended", goes_on=body.status == "active"))


async def end_session(call: Call) -> None:
    """End a collaboration session; connections to documents stay."""
    await _change(call, msgspec.UNSET, ends=True)


async def _change(
    call: Call, name: str | msgspec.UnsetType, *, ends: bool, goes_on: bool = False
) -> store.CollabSessionRow:
    session, user, expected = call.id(), call.caller.user_id, call.expected_version()

    async def change(tx: Transaction) -> store.CollabSessionRow:
        row = _there(await store.lock_collab_session(tx, session))
        if expected is not None and expected != row.version:
            raise Stale("somebody changed the session meanwhile; read it again")
        if goes_on and row.status == "ended":
            raise Conflict(OVER)
        new_name = row.name if name is msgspec.UNSET else name
        new_end = ends and row.status == "active"
        if new_name == row.name and not new_end:
            return row
        if new_name != row.name:
            await _tell(tx, "renamed", row, user, name=new_name)
        if new_end:
            await _tell(tx, "ended", row, user)
        return await store.set_session(tx, session, new_name, ends=new_end)

    return await call.parts.postgres.transact(change)


# Those who take part


async def join_session(call: Call) -> bodies.Joined:
    """Join a collaboration session; the answer opens the project's documents."""
    access, session = call.access, call.id()

    async def join(tx: Transaction) -> store.ParticipantRow:
        row = _there(await store.hold_collab_session(tx, session))
        if row.status == "ended":
            raise Conflict(OVER)
        participant = await store.join_session(tx, session, access.user_id, access.role.value)
        if participant.joined_at == participant.last_seen_at:
            await _tell(tx, "joined", row, access.user_id, user_id=str(access.user_id))
        return participant

    row = await call.parts.postgres.transact(join)
    token, seconds = call.parts.tokens.sign_room(
        access.user_id,
        access.session_id,
        access.project_id,
        access.role,
        access.display_name,
        not_after=call.caller.session_expires_at,
    )
    present = {each.user_id: each for each in (await _presence(call, access.project_id)).items}
    return bodies.Joined(
        participant=_participant(row.user_id, row, present.get(row.user_id)),
        token=token,
        role=access.role,
        expires_in=seconds,
        url=await call.request.app[HOME_URL](access.project_id),
    )


async def leave_session(call: Call) -> None:
    """Leave a collaboration session; connections to documents stay."""
    user, session = call.caller.user_id, call.id()

    async def leave(tx: Transaction) -> None:
        row = _there(await store.hold_collab_session(tx, session))
        if await store.leave_session(tx, session, user):
            await _tell(tx, "left", row, user, user_id=str(user))

    await call.parts.postgres.transact(leave)


async def list_participants(call: Call) -> bodies.Participants:
    """List who joined a collaboration session and who is connected now, and where they are."""
    postgres, session = call.parts.postgres, call.id()
    row = _there(await store.find_collab_session(postgres, session))
    joined = {each.user_id: each for each in await store.list_participants(postgres, session, bodies.PARTICIPANTS)}
    here = (await _presence(call, row.project_id)).items if row.status == "active" else []
    online = {present.user_id: present for present in here}
    items = [_participant(user, joined.get(user), present) for user, present in online.items()]
    items += [_participant(user, each, None) for user, each in joined.items() if user not in online]
    return bodies.Participants(items)


async def get_presence(call: Call) -> bodies.ProjectPresence:
    """List who is connected to a project's documents now, and what they show of themselves."""
    return await _presence(call, call.access.project_id)


async def _presence(call: Call, project: UUID) -> bodies.ProjectPresence:
    told = [decode(each) for each in await call.parts.here.ask(str(project))]
    files = await _files(call.parts.postgres, project, told)
    return bodies.ProjectPresence(people(told, files), sum(each.total for each in told))


async def _files(db: Queries, project: UUID, told: list[Attendance]) -> Mapping[str, bodies.OpenDocument]:
    """Where each open document lies now; a file that was moved keeps its document."""
    names = {seat.document for each in told for seat in each.seats}
    if not names:
        return {}
    found = await store.find_files(db, [f"{project}/{name}" for name in names])
    prefix = len(f"{project}/")
    return {name[prefix:]: bodies.OpenDocument(row.path, row.file_id) for name, row in found.items()}


# Forms


def _participant(user: UUID, row: store.ParticipantRow | None, present: bodies.Present | None) -> bodies.Participant:
    if present is None:
        assert row is not None, "a participant joined, or is here"
        return bodies.Participant(
            user_id=user,
            display_name=row.display_name,
            role=Role(row.role_name),
            online=False,
            joined_at=row.joined_at,
            left_at=row.left_at,
            last_seen_at=row.last_seen_at,
            since=None,
            connections=0,
            documents=[],
            presence=[],
        )
    return bodies.Participant(
        user_id=user,
        display_name=present.display_name,
        role=present.role,
        online=True,
        joined_at=None if row is None else row.joined_at,
        left_at=None if row is None else row.left_at,
        last_seen_at=datetime.now(UTC),
        since=present.since,
        connections=present.connections,
        documents=present.documents,
        presence=present.presence,
    )


def _answer(row: store.CollabSessionRow, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(_session(row), status=status, etag=str(row.version), headers=headers or {})


def _session(row: store.CollabSessionRow) -> bodies.CollabSession:
    return bodies.CollabSession(
        id=row.id,
        project_id=row.project_id,
        name=row.name,
        status=cast(Literal["active", "ended"], row.status),
        started_by=row.started_by,
        started_at=row.started_at,
        ended_at=row.ended_at,
        version=row.version,
    )


def _there(row: store.CollabSessionRow | None) -> store.CollabSessionRow:
    if row is None:
        raise Missing("there is no such collaboration session")
    return row


async def _tell(db: Queries, what: str, row: store.CollabSessionRow, actor: UUID, **data: object) -> None:
    await add_happening(
        db,
        Happening(
            topic=project_topic(row.project_id),
            kind=f"collaboration.{what}",
            actor_id=actor,
            project_id=row.project_id,
            data={"session_id": str(row.id), **data},
        ),
    )
