"""Bodies of versions of files and projects. Used by gateway/routes/versions.py and project_versions.py."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from schemas.documents import PATH_MAX_BYTES
from schemas.patterns import PRINTABLE

VersionName = Annotated[str, Meta(min_length=1, max_length=200, pattern=PRINTABLE)]
Seq = Annotated[int, Meta(ge=1, le=2**31 - 1)]


class VersionRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST …/versions`: keep what is there now, for ever. Without a name it is named by its time."""

    name: VersionName | None = None


class Version(Struct, frozen=True):
    """What a file was. Without a name it was made by itself, and may be thinned out with age."""

    seq: int
    name: str | None
    etag: str  # of the text as it was
    created_at: datetime
    created_by: UUID | None  # who named it
    created_by_name: str | None


class VersionContent(Struct, frozen=True):
    """One version with its text."""

    seq: int
    name: str | None
    etag: str
    created_at: datetime
    created_by: UUID | None
    created_by_name: str | None
    content: str | None  # null: the document's content is of another type; it can be restored all the same


class DiffQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which version it is compared to; without, what is there now."""

    to: Seq | None = None


class Restored(Struct, frozen=True):
    """What a file is after a version was restored."""

    etag: str
    before: int | None  # the version that keeps what was there until then; null: an existing one did already


class ProjectVersion(Struct, frozen=True):
    """What a project was."""

    seq: int
    name: str | None
    files: int
    created_at: datetime
    created_by: UUID | None
    created_by_name: str | None


class ManifestFile(Struct, frozen=True):
    """A file of a project's version."""

    path: Annotated[str, Meta(max_length=PATH_MAX_BYTES)]
    file_id: UUID
    kind: Literal["text", "binary"]
    media_type: str
    size: int
    version: int | None  # of a text: the `seq` among the file's versions


class ProjectManifest(Struct, frozen=True):
    """A project's version with its files, by path."""

    seq: int
    name: str | None
    files: list[ManifestFile]
    created_at: datetime
    created_by: UUID | None
    created_by_name: str | None


class ProjectRestored(Struct, frozen=True):
    """What restoring a project's version did."""

    restored: int  # files whose content, path or deletion was taken back
    unchanged: int
    removed: int  # files made since then; they can be restored for 30 days
    failed: list[str]  # paths of texts that could not be restored: deleted for good, or of types that cannot be
    before: int  # the version that keeps what was there until then
