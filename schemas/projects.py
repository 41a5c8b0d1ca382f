"""Bodies of the project endpoints. Used by gateway/routes/projects.py."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from msgspec import Meta, Struct

from schemas.accounts import PRINTABLE
from schemas.roles import Role

NAME_LENGTH: Final = 200  # characters; one line in a list

ProjectName = Annotated[str, Meta(min_length=1, max_length=NAME_LENGTH, pattern=PRINTABLE)]


class ProjectRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /api/projects`."""

    name: ProjectName


class Project(Struct, frozen=True):
    """A project as one of its members sees it."""

    id: UUID
    name: str
    owner_id: UUID
    role: Role  # of the one who asks
    created_at: datetime
    updated_at: datetime


class RoomTokenRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /api/projects/{id}/token`; the body may be empty. Without a role: the caller's own."""

    role: Role | None = None


class RoomTokenGranted(Struct, frozen=True):
    """A token that opens the documents of one project, and where to bring it."""

    token: str
    role: Role  # what the token carries: the lower of what was asked for and the caller's own
    expires_in: int  # seconds
    url: str  # WebSocket base of the room's home, e.g. ws://127.0.0.1:8000
