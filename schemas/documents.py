"""Names of documents: `{project}/{path}`, the same in URLs, in Hocuspocus frames, in the log and in SQL.

Called by the gateway on everything a client names; everybody else may rely on a `DocumentName` being canonical. What a
client names is where a file is now; the log and SQL name the file's document, by a key that stays when the file moves
(gateway/paths.py goes from one to the other). The two are the same until something was moved or deleted.
"""

import unicodedata
from typing import NewType
from uuid import UUID

DocumentName = NewType("DocumentName", str)

PATH_MAX_BYTES = 1024
"""Longest path in UTF-8: room for any real file tree, small enough for an index row (PostgreSQL: 2,704 bytes)."""

SEGMENT_MAX_BYTES = 255
"""Longest name of a new file or folder: what Linux, macOS and Windows can unpack."""


class InvalidName(ValueError):
    """A document's name breaks a rule; the message says which. The caller answers close code 4400."""


def document_name(project: str, path: str) -> DocumentName:
    """Canonical name of the document at `path` in `project`; raises InvalidName.

    Paths are compared in Unicode's NFC, keep their case, and have no empty, `.` or `..` segment and no
    control character, so that one name cannot be written in two ways or leave its project.
    """
    try:
        project_id = UUID(project)
    except ValueError:
        raise InvalidName("the project is not a UUID") from None
    path = unicodedata.normalize("NFC", path)
    try:
        size = len(path.encode())
    except UnicodeEncodeError:
        raise InvalidName("the path is not valid Unicode") from None
    if not 0 < size <= PATH_MAX_BYTES:
        raise InvalidName(f"the path must have 1 to {PATH_MAX_BYTES} bytes")
    if any(ord(char) < 0x20 or char == "\x7f" for char in path):
        raise InvalidName("the path has a control character")
    if any(segment in ("", ".", "..") for segment in path.split("/")):
        raise InvalidName("the path has an empty, '.' or '..' segment")
    return DocumentName(f"{project_id}/{path}")


def new_path(path: str) -> str:
    """The canonical path of a file that is about to be made or moved; raises InvalidName.

    Stricter than what may be opened: an archive of the project must unpack elsewhere, where `\\` parts folders.
    """
    path = path_of(document_name(str(UUID(int=0)), path))
    if "\\" in path:
        raise InvalidName("the path has a backslash; folders are parted by '/'")
    if any(len(segment.encode()) > SEGMENT_MAX_BYTES for segment in path.split("/")):
        raise InvalidName(f"a name in the path has more than {SEGMENT_MAX_BYTES} bytes")
    return path


def fresh_key(project: UUID, file: UUID) -> DocumentName:
    """The key of a document whose path is the key of another one: no path has a segment `.`."""
    return DocumentName(f"{project}/./{file}")


def parse_document_name(name: str) -> DocumentName:
    """The same from one string `{project}/{path}`, as Hocuspocus clients write it."""
    project, slash, path = name.partition("/")
    if not slash:
        raise InvalidName("a document's name is {project}/{path}")
    return document_name(project, path)


def project_of(name: DocumentName) -> UUID:
    """The project that a document belongs to."""
    return UUID(name[:36])


def named(name: DocumentName) -> dict[str, str]:
    """How a line in the log names it."""
    return {"project": name[:36], "document": name[37:]}


def path_of(name: DocumentName) -> str:
    """The document's path inside its project."""
    return name[37:]
