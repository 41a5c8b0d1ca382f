"""The operations of texts: contents, versions, authors. Part of the one table, which is table.py."""

from typing import Final

from gateway.operation import Operation
from gateway.permissions import InProject
from gateway.routes import blame, content, project_versions, versions
from schemas import blame as b
from schemas import contents as c
from schemas import files as f
from schemas import versions as v
from schemas.pages import Page, PageQuery
from schemas.roles import Role

FILE_VIEWER, FILE_PUBLIC_VIEWER = InProject(Role.VIEWER, of="file"), InProject(Role.VIEWER, public=True, of="file")
FILE_EDITOR = InProject(Role.EDITOR, of="file")
VIEWER, EDITOR = InProject(Role.VIEWER), InProject(Role.EDITOR)

TEXTS: Final[tuple[Operation, ...]] = (
    Operation("GET", "/api/files/{id}/content", content.get_content, FILE_PUBLIC_VIEWER, answers=bytes),
    Operation(
        "PUT", "/api/files/{id}/content", content.put_content, FILE_EDITOR,
        body=bytes, body_bytes=f.REQUEST_BYTES, answers=c.ContentWritten,
    ),
    Operation("GET", "/api/files/{id}/blame", blame.get_blame, FILE_VIEWER, answers=b.Blame),
    Operation(
        "GET", "/api/files/{id}/versions", versions.list_versions, FILE_VIEWER,
        query=PageQuery, answers=Page[v.Version],
    ),
    Operation(
        "POST", "/api/files/{id}/versions", versions.create_version, FILE_EDITOR,
        body=v.VersionRequest, optional_body=True, answers=v.Version, status=201, creates=True,
    ),
    Operation("GET", "/api/files/{id}/versions/{seq}", versions.get_version, FILE_VIEWER, answers=v.VersionContent),
    Operation(
        "GET", "/api/files/{id}/versions/{seq}/diff", versions.compare_versions, FILE_VIEWER,
        query=v.DiffQuery, answers=bytes,
    ),
    Operation(
        "POST", "/api/files/{id}/versions/{seq}/restore", versions.restore_version, FILE_EDITOR, answers=v.Restored,
    ),
    Operation(
        "GET", "/api/projects/{id}/versions", project_versions.list_project_versions, VIEWER,
        query=PageQuery, answers=Page[v.ProjectVersion],
    ),
    Operation(
        "POST", "/api/projects/{id}/versions", project_versions.create_project_version, EDITOR,
        body=v.VersionRequest, optional_body=True, answers=v.ProjectVersion, status=201, creates=True,
    ),
    Operation(
        "GET", "/api/projects/{id}/versions/{seq}", project_versions.get_project_version, VIEWER,
        answers=v.ProjectManifest,
    ),
    Operation(
        "POST", "/api/projects/{id}/versions/{seq}/restore", project_versions.restore_project_version, EDITOR,
        answers=v.ProjectRestored,
    ),
)  # fmt: skip
