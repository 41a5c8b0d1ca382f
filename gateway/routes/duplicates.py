"""`/api/projects/{id}/duplicate`: a project of one's own with the same contents.

    live state of every text ──┐
    hashes of binary files ────┼──► one transaction: project, files, documents      all of it, or nothing
    name, settings, … ─────────┘

At once, within bounds; what is larger is exported and imported. The texts' documents are fresh: people who have the
original open are not in the copy. Members, invitations, versions and history stay with the original.
"""

from typing import Final

from gateway.live_texts import live_texts
from gateway.operation import Answer
from gateway.operations import Call
from gateway.refusals import Conflict, Missing
from gateway.routes.project_acts import tell
from gateway.routes.project_answers import etag, project
from schemas.ids import new_id
from schemas.roles import Role
from store import file_changes, files, projects
from store.errors import Dangling
from store.file_changes import NewFile, document_of
from store.files import FileRow, Wanted
from store.postgres import Transaction
from store.projects import NewProject, ProjectRow

COPIED_FILES: Final = 500  # reading a text takes some ms, all of it some seconds at most
COPIED_BYTES: Final = 16 << 20  # of all documents' states together: one statement writes them within a second or two
TOO_LARGE: Final = f"more than {COPIED_FILES} files or {COPIED_BYTES >> 20} MB of text; export it and import that"


async def duplicate_project(call: Call) -> Answer:
    """Copy a project: name, description, settings, and the files as they are now. The caller owns the copy."""
    caller, parts = call.caller, call.parts
    source = await projects.find_project(parts.postgres, call.access.project_id)
    if source is None:
        raise Missing("there is no such project")
    copies = await _copies(call, source)
    new = NewProject(
        name=call.body.name or source.name,
        description=source.description,
        kind=source.kind,
        preview_html=source.preview_html,
        settings=source.settings,
    )
    project_id = new_id()

    async def work(tx: Transaction) -> ProjectRow:
        row = await projects.add_project(tx, project_id, caller.user_id, new)
        await tell(tx, call, project_id, "project.created", name=row.name, copy_of=source.id)
        if copies:
            await file_changes.create_files(tx, project_id, caller.user_id, copies)
        return row

    try:
        row = await parts.postgres.transact(work)
    except Dangling:
        raise Conflict("a file was removed for good meanwhile; try again") from None
    return Answer(
        project(row, Role.OWNER), etag=etag(row, Role.OWNER), headers={"Location": f"/api/projects/{project_id}"}
    )


async def _copies(call: Call, source: ProjectRow) -> list[NewFile]:
    rows = await files.list_files(call.parts.postgres, Wanted(project_id=source.id), "", COPIED_FILES + 1)
    if len(rows) > COPIED_FILES:
        raise Conflict(TOO_LARGE)
    copies: list[NewFile] = []
    size = 0
    for row in rows:
        state = b"" if row.kind == "binary" else await _state(call, row)
        size += len(state)
        if size > COPIED_BYTES:
            raise Conflict(TOO_LARGE)
        copies.append(
            NewFile(path=row.path, kind=row.kind, media_type=row.media_type, size=row.size, state=state, blob=row.blob)
        )
    return copies


async def _state(call: Call, row: FileRow) -> bytes:
    with live_texts(call.request.app) as texts:
        return (await texts.state(document_of(row))).state
