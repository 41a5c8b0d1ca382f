"""The text files of a project as one map, path → text: taken by POST, PUT and PATCH, answered with `include=files`.

Called by projects.py; files one by one are files.py and content.py.
"""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from gateway.live_texts import live_texts
from gateway.operations import Call
from gateway.refusals import Conflict, Invalid
from gateway.routes.files import new_text
from rooms.text import NotText
from schemas.documents import InvalidName, new_path
from schemas.problems import FieldError
from schemas.projects import FILES_BYTES, FILES_MAX
from store import files
from store.file_changes import NewFile, document_of, folders_of
from store.files import FileRow, Wanted
from store.postgres import Queries

TOO_MUCH: Final = f"more than {FILES_MAX} files or {FILES_BYTES >> 20} MB do not fit in one answer; export it as a zip"


def check_files(given: Mapping[str, str]) -> dict[str, str]:
    """Canonical path → text. Raises Invalid."""
    found: dict[str, str] = {}
    for path, text in given.items():
        try:
            canonical = new_path(path)
        except InvalidName as error:
            raise _invalid(path, str(error)) from None
        if canonical in found:
            raise _invalid(path, "the same path twice, in two forms of Unicode")
        found[canonical] = text
    for path in folders_of(found) & found.keys():
        raise _invalid(path, "is a file here, and a folder of another")
    if sum(len(text.encode()) for text in found.values()) > FILES_BYTES:
        raise Invalid.field("/files", f"more than {FILES_BYTES} bytes in all; import a zip")
    return found


def new_texts(given: Mapping[str, str]) -> list[NewFile]:
    """The files to make of a checked map."""
    return [new_text(path, text) for path, text in given.items()]


async def split(db: Queries, project_id: UUID, given: Mapping[str, str]) -> tuple[dict[str, str], list[FileRow]]:
    """Of a checked map what has no file yet, and the files of the rest. Raises Invalid for a binary file's path."""
    there = await files.find_live_many(db, project_id, list(given))
    for row in there:
        if row.kind != "text":
            raise _invalid(row.path, "there is a binary file here")
    paths = {row.path for row in there}
    return {path: text for path, text in given.items() if path not in paths}, there


async def write_texts(call: Call, rows: list[FileRow], given: Mapping[str, str]) -> None:
    """Make these files' live texts what the map says, by the smallest edits, one after the other."""
    with live_texts(call.request.app) as texts:
        for row in rows:
            await texts.write(document_of(row), call.caller.user_id.bytes, given[row.path], None)


async def read_texts(call: Call, project_id: UUID) -> dict[str, str]:
    """The live texts of all text files; a document that holds something else is left out. Raises Conflict."""
    wanted = Wanted(project_id=project_id, kind="text")
    rows = await files.list_files(call.parts.postgres, wanted, "", FILES_MAX + 1)
    if len(rows) > FILES_MAX:
        raise Conflict(TOO_MUCH)
    found: dict[str, str] = {}
    size = 0
    with live_texts(call.request.app) as texts:
        for row in rows:
            try:
                text = (await texts.read(document_of(row))).text
            except NotText:
                continue
            size += len(text)
            if size > FILES_BYTES:
                raise Conflict(TOO_MUCH)
            found[row.path] = text
    return found


def _invalid(path: str, detail: str) -> Invalid:
    pointer = "/files/" + path.replace("~", "~0").replace("/", "~1")
    return Invalid("the request does not have the right shape", FieldError(pointer, detail))
