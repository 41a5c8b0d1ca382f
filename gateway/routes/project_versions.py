"""`/api/projects/{id}/versions…`: what a project was, with all its files, seen and restored.

POST       each text's state now ──► a version of it; all together ──► a manifest
restore    a manifest of now; files back to their places, in one transaction; then each text, as an edit; told at last
"""

from uuid import UUID

from gateway.cursors import decode_cursor, page
from gateway.live_texts import live_texts
from gateway.manifests import FILES_MAX, put_back
from gateway.operation import Answer
from gateway.operations import Call
from gateway.refusals import Conflict, Missing
from gateway.routes.project_acts import tell
from gateway.routes.versions import LAST, loaded, seq_in
from rooms.shared_types import CannotRestore
from rooms.texts import Texts
from schemas import versions as bodies
from schemas.documents import DocumentName
from schemas.pages import Page
from store import files, project_versions, versions
from store.errors import Taken
from store.files import Wanted
from store.project_versions import ManifestRow, ProjectVersionRow

TRIES = 5
"""To be the next version, where several are made at the same moment."""


async def list_project_versions(call: Call) -> Page[bodies.ProjectVersion]:
    """List a project's versions, the latest first."""
    before = min(decode_cursor(call.query.cursor, int) or LAST, LAST)
    project, limit = call.access.project_id, call.query.limit
    rows = await project_versions.list_project_versions(call.parts.postgres, project, before, limit + 1)
    return page(rows, limit, _body, lambda row: row.seq)


async def create_project_version(call: Call) -> Answer:
    """Keep what a project is now: its files, their places and contents."""
    seq = await _keep(call, call.body.name)
    row = await _find(call, seq)
    return Answer(_body(row), headers={"Location": f"/api/projects/{call.access.project_id}/versions/{seq}"})


async def get_project_version(call: Call) -> bodies.ProjectManifest:
    """Read a version of a project: which files were where."""
    row = await _find(call, seq_in(call))
    entries = await project_versions.list_manifest(call.parts.postgres, call.access.project_id, row.seq)
    listed = [
        bodies.ManifestFile(
            entry.path,
            entry.file_id,
            "binary" if entry.document is None else "text",
            entry.media_type,
            entry.size,
            entry.document_seq,
        )
        for entry in entries
    ]
    return bodies.ProjectManifest(row.seq, row.name, listed, row.created_at, row.created_by, row.created_by_name)


async def restore_project_version(call: Call) -> bodies.ProjectRestored:
    """Restore a version of a project: files where they were, with what was in them; what is now is kept before."""
    project, user = call.access.project_id, call.caller.user_id
    row = await _find(call, seq_in(call))
    manifest = await project_versions.list_manifest(call.parts.postgres, project, row.seq)
    before = await _keep(call, None)
    put = await call.parts.postgres.transact(lambda tx: put_back(tx, project, user, manifest))
    call.parts.paths.forget(project)
    changed, failed = set(put.moved), list(put.lost)
    with live_texts(call.request.app) as texts:
        for entry in manifest:
            if entry.document is None or entry.document_seq is None or entry.path in put.lost:
                continue
            try:
                if await _restore_text(call, texts, entry.document, entry.document_seq):
                    changed.add(entry.file_id)
            except (Missing, CannotRestore):
                failed.append(entry.path)
    await call.parts.postgres.transact(
        lambda tx: tell(tx, call, project, "project.version_restored", version=row.seq, before=before)
    )
    unchanged = len(manifest) - len(changed) - len(failed)
    return bodies.ProjectRestored(len(changed), max(unchanged, 0), len(put.removed), failed, before)


async def _restore_text(call: Call, texts: Texts, document: DocumentName, seq: int) -> bool:
    """Whether there was anything to do."""
    state = await versions.find_state(call.parts.postgres, document, seq)
    if state is None:
        raise Missing("its document is gone")
    now = await texts.number(document)
    if now == state.number:
        return False
    await texts.restore(document, call.caller.user_id.bytes, loaded(state))
    return await texts.number(document) != now


async def _keep(call: Call, name: str | None) -> int:
    """A version of what is now."""
    postgres, project, user = call.parts.postgres, call.access.project_id, call.caller.user_id
    rows = await files.list_files(postgres, Wanted(project_id=project), "", FILES_MAX + 1)
    if len(rows) > FILES_MAX:
        raise Conflict(f"a project of more than {FILES_MAX} files has no versions; its files have")
    kept = await _kept_texts(call, [DocumentName(row.document) for row in rows if row.document is not None])
    manifest = [
        ManifestRow(
            row.path,
            row.id,
            None if row.document is None else DocumentName(row.document),
            None if row.document is None else kept[DocumentName(row.document)],
            row.blob,
            row.media_type,
            row.size,
        )
        for row in rows
        if row.document is None or row.document in kept
    ]
    for attempt in range(TRIES):
        try:
            return await postgres.transact(
                lambda tx: project_versions.add_project_version(tx, project, name, user, manifest)
            )
        except Taken:
            if attempt == TRIES - 1:
                raise
    raise AssertionError("the loop returns or raises")


async def _kept_texts(call: Call, documents: list[DocumentName]) -> dict[DocumentName, int]:
    """A version of each, kept for good: mostly of its snapshot, in one query; of those that were just edited, now."""
    postgres = call.parts.postgres
    with live_texts(call.request.app) as texts:
        snapshots = await project_versions.find_snapshots(postgres, documents)
        numbers = await texts.numbers([row.name for row in snapshots])
        still = [
            row.name
            for row, number in zip(snapshots, numbers, strict=True)
            if number == row.number or (number is None and row.parked)
        ]
        kept = {row.document: row.seq for row in await project_versions.keep_snapshots(postgres, still)}
        for name in {row.name for row in snapshots} - kept.keys():
            now = await texts.state(name)
            seq = await versions.add_version(postgres, name, now.number, now.state, None, None, kept=True)
            if seq is not None:
                kept[name] = seq
    return kept


async def _find(call: Call, seq: int) -> ProjectVersionRow:
    project: UUID = call.access.project_id
    row = await project_versions.find_project_version(call.parts.postgres, project, seq)
    if row is None:
        raise Missing("there is no such version")
    return row


def _body(row: ProjectVersionRow) -> bodies.ProjectVersion:
    return bodies.ProjectVersion(row.seq, row.name, row.files, row.created_at, row.created_by, row.created_by_name)
