"""The operations of files: made, moved, deleted, in archives, and who did what. Part of the one table (table.py).
Their contents stand in table_texts.py."""

from typing import Final

from gateway.operation import Operation
from gateway.permissions import InProject
from gateway.routes import activity, archive, files
from schemas import files as f
from schemas.pages import Page, PageQuery
from schemas.roles import Role

VIEWER, PUBLIC_VIEWER = InProject(Role.VIEWER), InProject(Role.VIEWER, public=True)
EDITOR = InProject(Role.EDITOR)
FILE_VIEWER, FILE_PUBLIC_VIEWER = InProject(Role.VIEWER, of="file"), InProject(Role.VIEWER, public=True, of="file")
FILE_EDITOR = InProject(Role.EDITOR, of="file")

FILES: Final[tuple[Operation, ...]] = (
    Operation(
        "GET", "/api/projects/{id}/files", files.list_files, PUBLIC_VIEWER, also=("/api/files",),
        query=f.FilesQuery, answers=Page[f.File],
    ),
    Operation(
        "POST", "/api/projects/{id}/files", files.create_file, EDITOR, also=("/api/files",),
        query=f.ProjectIdQuery, body=f.FileRequest, body_bytes=f.REQUEST_BYTES,
        answers=f.File, status=201, creates=True,
    ),
    Operation("GET", "/api/files/{id}", files.get_file, FILE_PUBLIC_VIEWER, answers=f.File),
    Operation("PUT", "/api/files/{id}", files.change_file, FILE_EDITOR, body=f.FileChange, answers=f.File),
    Operation("PATCH", "/api/files/{id}", files.change_file, FILE_EDITOR, body=f.FileChange, answers=f.File),
    Operation("DELETE", "/api/files/{id}", files.delete_file, FILE_EDITOR, status=204),
    Operation(
        "POST", "/api/files/{id}/restore", files.restore_file, FILE_EDITOR,
        body=f.FileRestore, optional_body=True, answers=f.File,
    ),
    Operation(
        "POST", "/api/projects/{id}/import", archive.import_archive, EDITOR,
        query=f.ImportQuery, body=bytes, answers=f.Imported,
    ),
    Operation("GET", "/api/projects/{id}/export", archive.export_archive, PUBLIC_VIEWER, answers=bytes),
    Operation(
        "GET", "/api/projects/{id}/activity", activity.list_project_activity, VIEWER,
        query=PageQuery, answers=Page[f.Activity],
    ),
    Operation(
        "GET", "/api/files/{id}/activities", activity.list_file_activity, FILE_VIEWER,
        query=PageQuery, answers=Page[f.Activity],
    ),
)  # fmt: skip
