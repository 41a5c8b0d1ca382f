"""Who may open a project's documents: the one answer that both WebSocket dialects ask for.

    access = await gate.authorise(token, project_id)      or Denied with a close code and a reason

An access token's role is looked up in PostgreSQL; a room token carries its role, and only the project's
existence is looked up. What lets somebody in is kept for a few seconds and shared by all who ask
meanwhile, so that a room that comes back at once does not ask 300 times; a refusal is not kept, so that
an invitation works at once. While PostgreSQL is away, a room token still opens a project that was seen
not long ago; all else is StoreUnavailable.
"""

import asyncio
from dataclasses import dataclass
from uuid import UUID

from gateway.auth.tokens import AccessToken, RoomToken, TokenError, Tokens
from gateway.limits import ACCESS_CACHE_ENTRIES, ACCESS_CACHE_SECONDS, EXISTENCE_GRACE_SECONDS, EXISTENCE_WAIT_SECONDS
from gateway.recent import Recent
from schemas.close_codes import CloseCode
from schemas.ids import parse_id
from schemas.roles import Role
from store.errors import StoreUnavailable
from store.postgres import Postgres
from store.projects import MembershipRow, find_membership, project_exists


@dataclass(frozen=True, slots=True)
class Access:
    """What somebody may do in one project, until when."""

    user_id: UUID
    project_id: UUID
    role: Role
    display_name: str
    expires_at: float  # Unix time, seconds


class Denied(Exception):
    """No entry. `code` closes the socket, `reason` fits a close frame (at most 123 bytes)."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(f"{code.value}: {reason}")
        self.code = code
        self.reason = reason


class Gate:
    """Tokens, and what PostgreSQL lately said of projects and members."""

    def __init__(self, tokens: Tokens, postgres: Postgres) -> None:
        self._tokens = tokens
        self._postgres = postgres
        self._projects: Recent[UUID, bool] = Recent(
            ACCESS_CACHE_SECONDS, ACCESS_CACHE_ENTRIES, keep=lambda exists: exists
        )
        self._members: Recent[tuple[UUID, UUID, UUID], MembershipRow] = Recent(
            ACCESS_CACHE_SECONDS, ACCESS_CACHE_ENTRIES, keep=lambda row: row.opens
        )

    async def authorise(self, token: str, project_id: str) -> Access:
        """What the token is worth in the project. Raises Denied, or StoreUnavailable when nobody can tell."""
        try:
            project = parse_id(project_id)
        except ValueError:
            raise Denied(CloseCode.MALFORMED, "the project's id is not a UUID in lower case") from None
        try:
            proof = self._tokens.verify(token)
        except TokenError as error:
            raise Denied(CloseCode.UNAUTHENTICATED, str(error)) from None
        match proof:
            case RoomToken():
                return await self._by_room_token(proof, project)
            case AccessToken():
                return await self.by_access_token(proof, project)

    def forget(self, project_id: UUID) -> None:
        """Drop what is known of a project: it was deleted, or its members changed."""
        self._projects.drop(lambda key: key == project_id)
        self._members.drop(lambda key: key[0] == project_id)

    async def _by_room_token(self, proof: RoomToken, project: UUID) -> Access:
        if proof.project_id != project:
            raise Denied(CloseCode.FORBIDDEN, "the room token is for another project")
        if not await self._exists(project):
            raise Denied(CloseCode.NOT_FOUND, "there is no such project")
        return Access(proof.user_id, project, proof.role, proof.display_name, proof.expires_at)

    async def _exists(self, project: UUID) -> bool:
        asked = self._projects.get(project, lambda: project_exists(self._postgres, project))
        if not self._projects.known(project, EXISTENCE_GRACE_SECONDS):
            return await asked
        try:
            return await asyncio.wait_for(asked, EXISTENCE_WAIT_SECONDS)
        except (StoreUnavailable, TimeoutError):
            return True

    async def by_access_token(self, proof: AccessToken, project: UUID) -> Access:
        """What an access token that was verified already is worth in the project."""
        row = await self._members.get(
            (project, proof.user_id, proof.session_id),
            lambda: find_membership(self._postgres, project, proof.user_id, proof.session_id),
        )
        if not row.session_is_good or row.display_name is None:
            raise Denied(CloseCode.UNAUTHENTICATED, "the session has ended; sign in again")
        if not row.project_exists:
            raise Denied(CloseCode.NOT_FOUND, "there is no such project")
        if row.role is None:
            raise Denied(CloseCode.FORBIDDEN, "you are not a member of this project")
        return Access(proof.user_id, project, row.role, row.display_name, proof.expires_at)
