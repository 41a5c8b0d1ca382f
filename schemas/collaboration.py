"""Bodies of the collaboration endpoints. Used by gateway/routes/collaboration.py."""

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from schemas.pages import PageQuery
from schemas.patterns import PRINTABLE
from schemas.roles import Role

ACTIVE_SESSIONS: Final = 50  # of one project at a time; who wants more has forgotten to end some
PARTICIPANTS: Final = 1_000  # who joined, shown at most; 300 kB

SessionName = Annotated[str, Meta(min_length=1, max_length=200, pattern=PRINTABLE)]


class SessionRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /api/collaboration/sessions`."""

    project_id: UUID
    name: SessionName


class SessionChange(Struct, frozen=True, forbid_unknown_fields=True):
    """`PATCH …/{id}`: a missing key means unchanged. A session that ended does not go on."""

    name: SessionName | UnsetType = UNSET
    status: Literal["active", "ended"] | UnsetType = UNSET


class SessionsQuery(PageQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`?project_id=` is needed; `?status=active` leaves out those that have ended."""

    project_id: UUID | None = None
    status: Literal["active", "any"] = "any"


class CollabSession(Struct, frozen=True):
    """A time that people spend together in a project."""

    id: UUID
    project_id: UUID
    name: str
    status: Literal["active", "ended"]
    started_by: UUID | None
    started_at: datetime
    ended_at: datetime | None
    version: int


class OpenDocument(Struct, frozen=True):
    """A document that somebody has open."""

    path: str
    file_id: UUID | None


class ShownState(Struct, frozen=True):
    """What a client shows of itself in a document: Yjs awareness, such as a name, a colour, a cursor."""

    path: str
    client_id: int
    state: Annotated[Raw, Meta(description="any JSON object of at most 2 kB, as the client wrote it")]


class Present(Struct, frozen=True, kw_only=True):
    """Somebody who is connected to documents of the project now."""

    user_id: UUID
    display_name: str
    role: Role
    since: datetime
    connections: int
    documents: list[OpenDocument]
    presence: list[ShownState]


class ProjectPresence(Struct, frozen=True):
    """Who is here now. `connections` counts all, also where too many people are here to list them."""

    items: list[Present]
    connections: int


class Participant(Struct, frozen=True, kw_only=True):
    """Somebody who joined the session, or is connected to the project's documents now (`online`), or both.

    `joined_at` is null for who is only connected; `since`, `documents` and `presence` are of who is online.
    """

    user_id: UUID
    display_name: str
    role: Role
    online: bool
    joined_at: datetime | None
    left_at: datetime | None
    last_seen_at: datetime
    since: datetime | None
    connections: int
    documents: list[OpenDocument]
    presence: list[ShownState]


class Participants(Struct, frozen=True):
    """Those who are online first."""

    items: list[Participant]


class Joined(Struct, frozen=True):
    """What opens the project's documents now: the room token, and the WebSocket base it is for."""

    participant: Participant
    token: str
    role: Role
    expires_in: int
    url: str
