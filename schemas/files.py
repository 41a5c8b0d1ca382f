"""Bodies of the file endpoints. Used by gateway/routes/files.py, archive.py and activity.py."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from schemas.documents import PATH_MAX_BYTES
from schemas.pages import PageQuery, SearchText
from schemas.patterns import END, NO_NUL

TEXT_BYTES: Final = 4 << 20
"""Of a text in UTF-8 that is brought in one go: a long book. What is longer counts as binary in an archive; by typing
a document may become larger."""
REQUEST_BYTES: Final = 3 * TEXT_BYTES
"""Of a JSON body with such a text: line ends, quotes and control characters take two to six bytes there."""

Kind = Literal["text", "binary"]
PathText = Annotated[str, Meta(min_length=1, max_length=PATH_MAX_BYTES)]
_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,62}"
MediaType = Annotated[str, Meta(max_length=127, pattern=rf"^{_NAME}/{_NAME}{END}")]
TextContent = Annotated[str, Meta(max_length=TEXT_BYTES)]


class FileRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST …/files`. A text may come with its `content`; the bytes of a binary file follow by `PUT …/content`."""

    path: PathText
    kind: Kind = "text"
    content: TextContent | None = None
    media_type: MediaType | None = None


class FileChange(Struct, frozen=True, forbid_unknown_fields=True):
    """`PUT` and `PATCH /api/files/{id}`: what is left out stays. Another `path` moves the file."""

    path: PathText | UnsetType = UNSET
    media_type: MediaType | UnsetType = UNSET


class FileRestore(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /api/files/{id}/restore`; the body may be empty. Without a path: where the file was."""

    path: PathText | None = None


class File(Struct, frozen=True):
    """A file as the members of its project see it."""

    id: UUID
    project_id: UUID
    path: str
    kind: Kind
    media_type: str
    size: int  # bytes; of a text as of some seconds ago
    sha256: str | None  # of a binary file with bytes, in hexadecimal
    version: int  # its ETag; edits of the text do not count
    created_by: UUID | None
    updated_by: UUID | None
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None


class FilesQuery(PageQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Files by path; `project_id` belongs to `/api/files` alone."""

    project_id: UUID | None = None
    prefix: Annotated[str, Meta(max_length=PATH_MAX_BYTES, pattern=NO_NUL)] = ""
    kind: Kind | None = None
    q: SearchText | None = None
    deleted: bool = False


class ProjectIdQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """`?project_id=`, in `POST /api/files` alone."""

    project_id: UUID | None = None


class ImportQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """What becomes of a path where a file is already."""

    on_conflict: Literal["fail", "replace", "skip"] = "fail"


class Imported(Struct, frozen=True):
    """What an archive brought."""

    created: int
    replaced: int
    unchanged: int  # with the same content already
    skipped: int  # because a file was there, or because the entry is not the user's (`__MACOSX/…`)


class Activity(Struct, frozen=True):
    """Somebody did something. Edits of one person are one activity as long as they pause for less than ten minutes."""

    id: str
    kind: str  # file.created, file.renamed, …, file.edited
    at: datetime  # of edits: of the first
    until: datetime  # of edits: of the last
    edits: int  # 0 for all that is no edit
    actor_id: UUID | None  # None: the server, or an account that is gone
    actor_name: str | None
    file_id: UUID | None
    path: str | None  # of the file, as it is now
    data: dict[str, Any]
