"""Bodies of the project endpoints. Used by gateway/routes/{projects,duplicates}.py."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from schemas.members import Member
from schemas.pages import Cursor, PageQuery, SearchText
from schemas.patterns import END, NO_NUL, PRINTABLE
from schemas.roles import Role

NAME_LENGTH: Final = 200  # characters; one line in a list
DESCRIPTION_LENGTH: Final = 5_000  # characters; two pages
PREVIEW_LENGTH: Final = 250_000  # characters; a page with its styles, pictures by reference
SETTINGS_BYTES: Final = 16 * 1024  # as JSON; what an editor keeps per project
SETTINGS_DEPTH: Final = 16  # of objects and arrays in one another
FILES_MAX: Final = 200  # in one request; more come as a zip
FILES_BYTES: Final = 4 * 1024 * 1024  # of their text together
BODY_BYTES: Final = 6 * 1024 * 1024  # the above, and what JSON adds by escaping

KIND: Final = "code"  # unless it says otherwise

ProjectName = Annotated[str, Meta(min_length=1, max_length=NAME_LENGTH, pattern=PRINTABLE)]
Description = Annotated[str, Meta(max_length=DESCRIPTION_LENGTH, pattern=NO_NUL)]
Kind = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]{0,39}" + END, description="such as code or colorbook")]
PreviewHtml = Annotated[str, Meta(max_length=PREVIEW_LENGTH, pattern=NO_NUL)]
Settings = Annotated[dict[str, Any], Meta(description="any JSON of at most 16 kB, nested at most 16 deep")]
Visibility = Literal["private", "unlisted", "public"]
FileTexts = Annotated[
    dict[str, str], Meta(max_length=FILES_MAX, description="path → text; each becomes a text file, 4 MB in all")
]


class ProjectRequest(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`POST /api/projects`. `is_public` is the same as `visibility: public` or not; both must agree."""

    name: ProjectName
    description: Description = ""
    kind: Kind = KIND
    visibility: Visibility | None = None
    is_public: bool | None = None
    preview_html: PreviewHtml | None = None
    settings: Settings = {}
    files: FileTexts = {}


class ProjectChange(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`PUT` and `PATCH /api/projects/{id}`: a missing key means unchanged, null clears what may be empty."""

    name: ProjectName | UnsetType = UNSET
    description: Description | UnsetType | None = UNSET
    kind: Kind | UnsetType | None = UNSET
    visibility: Visibility | UnsetType = UNSET
    is_public: bool | UnsetType = UNSET
    preview_html: PreviewHtml | UnsetType | None = UNSET
    settings: Settings | UnsetType | None = UNSET
    files: FileTexts | UnsetType = UNSET


class Project(Struct, frozen=True, kw_only=True):
    """A project as the one who asks sees it."""

    id: UUID
    name: str
    description: str
    kind: str
    visibility: Visibility
    is_public: bool
    preview_html: str | None
    settings: dict[str, Any]
    owner_id: UUID
    role: Role | None  # of the one who asks; null for who sees it because it is public
    version: int
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None
    members: list[Member] | UnsetType = UNSET  # with ?include=members
    files: dict[str, str] | UnsetType = UNSET  # with ?include=files: the live text of the text files


class ProjectSummary(Struct, frozen=True, kw_only=True):
    """A project in a list: without its preview and its settings."""

    id: UUID
    name: str
    description: str
    kind: str
    visibility: Visibility
    is_public: bool
    owner_id: UUID
    role: Role | None
    version: int
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None


class ProjectsQuery(PageQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`GET /api/projects`: filters, and the order: the last updated first, the last made first, or by name."""

    q: SearchText | None = None
    visibility: Visibility | None = None
    kind: Kind | None = None
    role: Role | None = None
    sort: Literal["updated", "created", "name"] = "updated"
    deleted: bool = False


class GalleryQuery(PageQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`GET /api/projects/public`."""

    q: SearchText | None = None
    kind: Kind | None = None


class ProjectQuery(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`GET /api/projects/{id}`. `include`: `files`, `members`, or both with a comma between."""

    include: Annotated[str, Meta(pattern=r"^(files|members)(,(files|members))?" + END)] | None = None


class ChangesQuery(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`GET /api/projects/{id}/changes`. `since`: the `next` of the answer before; without it, the beginning."""

    since: Cursor | None = None
    limit: Annotated[int, Meta(ge=1, le=500)] = 200


class Happened(Struct, frozen=True, kw_only=True):
    """One thing that happened in the project."""

    id: int
    kind: str  # project.updated, member.added, file.created, …
    at: datetime
    actor_id: UUID | None
    file_id: UUID | None
    data: dict[str, Any]


class ChangedDocument(Struct, frozen=True, kw_only=True):
    """A document that was edited: sync it, unless what you have is at this number already."""

    file_id: UUID | None
    path: str
    number: int  # of its last record that was noted here


class Changes(Struct, frozen=True, kw_only=True):
    """What a client that was away missed. `reset`: too much or too long ago; read everything again, then go on
    with `next`. `more`: ask again at once with `next`."""

    items: list[Happened]
    documents: list[ChangedDocument]
    next: str
    more: bool
    reset: bool


class DuplicateRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /api/projects/{id}/duplicate`; the body may be empty. Without a name: that of the original."""

    name: ProjectName | None = None


class RoomTokenRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /api/projects/{id}/token`; the body may be empty. Without a role: the caller's own."""

    role: Role | None = None


class RoomTokenGranted(Struct, frozen=True):
    """A token that opens the documents of one project, and where to bring it."""

    token: str
    role: Role  # what the token carries: the lower of what was asked for and the caller's own
    expires_in: int  # seconds
    url: str  # WebSocket base of the room's home, e.g. ws://127.0.0.1:8000
