"""Who may open a project: the one answer that both WebSocket dialects, the events and every REST operation ask for.

    credential ──► Caller                                    (session and user, from PostgreSQL)
    Caller, project ──► Access, or Denied with a close code  (membership and visibility, from PostgreSQL)

What lets somebody in is kept for a few seconds and shared by all who ask meanwhile, so that a room that comes back at
once does not ask 300 times; a refusal is not kept, so that an invitation works at once. A change is announced to every
gateway, which then forgets (`forget_…`). While PostgreSQL is away, a room token still opens a project that it opened
not long ago; all else is StoreUnavailable.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from gateway.auth.caller import Caller, Tier
from gateway.auth.seen import Seen
from gateway.auth.tokens import AccessToken, PlatformToken, RoomToken, TokenError, Tokens
from gateway.limits import ACCESS_CACHE_ENTRIES, ACCESS_CACHE_SECONDS, EXISTENCE_GRACE_SECONDS, EXISTENCE_WAIT_SECONDS
from gateway.recent import Recent
from schemas.close_codes import CloseCode
from schemas.ids import parse_id
from schemas.roles import Role
from store.errors import StoreUnavailable
from store.postgres import Postgres
from store.projects import MembershipRow, find_membership, find_memberships
from store.sessions import SessionRow, find_session, find_sessions

LIVE_SCOPE = "live"
"""What a platform token needs to open documents and events."""
NOBODY = UUID(int=0)
"""The user id of who reads a public project without a token."""
NOWHERE = UUID(int=0)
"""The project of an access that needs none: it is good as long as its session is."""
ENDED = "the session has ended; sign in again"


@dataclass(frozen=True, slots=True)
class Access:
    """What somebody may do in one project, until when."""

    user_id: UUID
    session_id: UUID
    project_id: UUID
    role: Role
    display_name: str
    expires_at: float  # Unix time, seconds
    ceiling: Role = Role.OWNER
    """The most that the credential allows, whatever becomes of the membership: a room token's role."""
    is_member: bool = True
    """False for those who see a public project only because it is public."""


class Denied(Exception):
    """No entry. `code` closes the socket, `reason` fits a close frame (at most 123 bytes)."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(f"{code.value}: {reason}")
        self.code = code
        self.reason = reason


class Gate:
    """Credentials, and what PostgreSQL lately said of sessions, projects and members."""

    def __init__(self, tokens: Tokens, postgres: Postgres) -> None:
        self._tokens = tokens
        self._postgres = postgres
        self._sessions: Recent[UUID, SessionRow | None] = Recent(
            ACCESS_CACHE_SECONDS, ACCESS_CACHE_ENTRIES, keep=lambda row: row is not None
        )
        self._seen = Seen(postgres, self.forget_session)
        self._members: Recent[tuple[UUID, UUID], MembershipRow] = Recent(
            ACCESS_CACHE_SECONDS, ACCESS_CACHE_ENTRIES, keep=lambda row: row.opens
        )

    # Who

    async def caller(self, credential: str) -> Caller:
        """Who an access token or a platform token speaks for. Raises Denied, or StoreUnavailable."""
        try:
            proof = self._tokens.verify(credential)
        except TokenError as error:
            raise Denied(CloseCode.UNAUTHENTICATED, str(error)) from None
        if isinstance(proof, RoomToken):
            raise Denied(CloseCode.UNAUTHENTICATED, "a room token opens documents only")
        return await self.caller_of(proof)

    async def caller_of(self, proof: AccessToken | PlatformToken) -> Caller:
        """The same for a token that was verified already."""
        row = await self._session(proof.session_id)
        if row is None or (isinstance(proof, AccessToken) and row.user_id != proof.user_id):
            raise Denied(CloseCode.UNAUTHENTICATED, ENDED)
        if isinstance(proof, PlatformToken) and not _opens(row, proof):
            raise Denied(CloseCode.UNAUTHENTICATED, "the token is not known here")
        self._seen.note(row, proof.generation if isinstance(proof, AccessToken) else -1)
        return Caller(
            user_id=row.user_id,
            session_id=row.id,
            display_name=row.display_name,
            is_guest=row.is_guest,
            is_admin=row.is_admin,
            tier=cast(Tier, row.tier),
            scopes=None if row.scopes is None else frozenset(row.scopes),
            expires_at=proof.expires_at if isinstance(proof, AccessToken) else row.expires_at,
            session_expires_at=row.expires_at,
        )

    # Into a project

    async def authorise(self, token: str, project_id: str) -> Access:
        """What a token of any kind is worth in the project. Raises Denied, or StoreUnavailable when nobody can tell."""
        try:
            project = parse_id(project_id)
        except ValueError:
            raise Denied(CloseCode.MALFORMED, "the project's id is not a UUID in lower case") from None
        try:
            proof = self._tokens.verify(token)
        except TokenError as error:
            raise Denied(CloseCode.UNAUTHENTICATED, str(error)) from None
        if isinstance(proof, RoomToken):
            return await self._by_room_token(proof, project)
        caller = await self.caller_of(proof)
        if caller.scopes is not None and LIVE_SCOPE not in caller.scopes:
            raise Denied(CloseCode.FORBIDDEN, f"the token lacks the scope {LIVE_SCOPE}")
        return await self.in_project(caller, project)

    async def in_project(
        self, caller: Caller | None, project: UUID, ceiling: Role = Role.OWNER, *, deleted: bool = False
    ) -> Access:
        """What the caller, or nobody, may do in the project, `deleted`: or could before it was deleted. Raises Denied,
        or StoreUnavailable."""
        user = NOBODY if caller is None else caller.user_id
        if deleted:
            row = await find_membership(self._postgres, project, user, deleted=True)
        else:
            row = await self._membership(project, user)
        role = _role_in(row)
        if caller is None:
            return Access(NOBODY, NOBODY, project, min(role, ceiling), "", float("inf"), ceiling, is_member=False)
        return Access(
            caller.user_id,
            caller.session_id,
            project,
            min(role, ceiling),
            caller.display_name,
            caller.expires_at,
            ceiling,
            is_member=row.role is not None,
        )

    async def again(self, access: Access) -> Access:
        """What an access of before is worth now, asked anew. Raises Denied, or StoreUnavailable."""
        session, row = await asyncio.gather(
            self._session(access.session_id), self._membership(access.project_id, access.user_id)
        )
        return _now(access, session is not None, row)

    async def again_each(self, accesses: Sequence[Access]) -> list[Access | Denied]:
        """The same for many, in two questions and past what is remembered. Raises StoreUnavailable."""
        sessions, rows = await asyncio.gather(
            find_sessions(self._postgres, {access.session_id for access in accesses}),
            find_memberships(self._postgres, {(access.project_id, access.user_id) for access in accesses}),
        )
        good = {session.id for session in sessions}
        answers: list[Access | Denied] = []
        for access in accesses:
            try:
                row = rows[access.project_id, access.user_id]
                answers.append(_now(access, access.session_id in good, row))
            except Denied as denied:
                answers.append(denied)
        return answers

    # Forgetting: what changed was announced

    def forget_project(self, project_id: UUID) -> None:
        """It was deleted, or its visibility changed."""
        self._members.drop(lambda key: key[0] == project_id)

    def forget_member(self, project_id: UUID, user_id: UUID) -> None:
        """Somebody's role changed."""
        self._members.drop(lambda key: key == (project_id, user_id))

    def forget_session(self, session_id: UUID) -> None:
        """It ended, or what it may do changed."""
        self._sessions.drop(lambda key: key == session_id)

    def forget_all_sessions(self) -> None:
        """A user changed: banned, deleted, promoted, renamed. Rare, so nobody keeps which sessions are whose."""
        self._sessions.drop(lambda _: True)

    def forget_everything(self) -> None:
        """Announcements were missed."""
        self._members.drop(lambda _: True)
        self._sessions.drop(lambda _: True)

    # Parts of the above

    async def _session(self, session_id: UUID) -> SessionRow | None:
        return await self._sessions.get(session_id, lambda: find_session(self._postgres, session_id))

    async def _membership(self, project: UUID, user: UUID) -> MembershipRow:
        return await self._members.get((project, user), lambda: find_membership(self._postgres, project, user))

    async def _by_room_token(self, proof: RoomToken, project: UUID) -> Access:
        if proof.project_id != project:
            raise Denied(CloseCode.FORBIDDEN, "the room token is for another project")
        access = Access(
            proof.user_id, proof.session_id, project, proof.role, proof.display_name, proof.expires_at, proof.role
        )
        asked = self.again(access)
        row = self._members.known((project, proof.user_id), EXISTENCE_GRACE_SECONDS)
        if row is None:
            return await asked
        try:
            return await asyncio.wait_for(asked, EXISTENCE_WAIT_SECONDS)
        except (StoreUnavailable, TimeoutError):
            return _with_role(access, _role_in(row), is_member=row.role is not None)


def in_person(caller: Caller) -> Access:
    """What needs no project: good as long as the session is."""
    return Access(caller.user_id, caller.session_id, NOWHERE, Role.VIEWER, caller.display_name, caller.expires_at)


def _now(access: Access, session_is_good: bool, row: MembershipRow) -> Access:
    if not session_is_good and access.session_id != NOBODY:
        raise Denied(CloseCode.UNAUTHENTICATED, ENDED)
    if access.project_id == NOWHERE:
        return access
    return _with_role(access, _role_in(row), is_member=row.role is not None)


def _role_in(row: MembershipRow) -> Role:
    if not row.project_exists:
        raise Denied(CloseCode.NOT_FOUND, "there is no such project")
    if row.role is not None:
        return row.role
    if row.is_public:
        return Role.VIEWER
    raise Denied(CloseCode.FORBIDDEN, "you are not a member of this project")


def _with_role(access: Access, role: Role, *, is_member: bool) -> Access:
    return Access(
        access.user_id,
        access.session_id,
        access.project_id,
        min(role, access.ceiling),
        access.display_name,
        access.expires_at,
        access.ceiling,
        is_member,
    )


def _opens(row: SessionRow, proof: PlatformToken) -> bool:
    hashed = hashlib.sha256(proof.secret).digest()
    return row.kind == "token" and row.secret_hash is not None and hmac.compare_digest(row.secret_hash, hashed)
