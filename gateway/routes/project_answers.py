"""Projects as bodies, and bodies of projects checked where their shape says too little. Used by the routes beside."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, cast

import msgspec
from msgspec import UNSET

from gateway.operations import Call
from gateway.refusals import Invalid, Stale
from schemas import projects as p
from schemas.roles import Role
from store.project_lists import ListedRow
from store.projects import NewProject, ProjectRow

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
Micros = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799_999_999)]  # a time in a cursor, to the year 9999


def project(row: ProjectRow, role: Role | None) -> p.Project:
    """A project as one with this role sees it."""
    return p.Project(
        id=row.id,
        name=row.name,
        description=row.description,
        kind=row.kind,
        visibility=cast(p.Visibility, row.visibility),
        is_public=row.visibility == "public",
        preview_html=row.preview_html,
        settings=row.settings,
        owner_id=row.owner_id,
        role=role,
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
        deleted_at=row.deleted_at,
    )


def summary(row: ListedRow) -> p.ProjectSummary:
    """A project in a list."""
    return p.ProjectSummary(
        id=row.id,
        name=row.name,
        description=row.description,
        kind=row.kind,
        visibility=cast(p.Visibility, row.visibility),
        is_public=row.visibility == "public",
        owner_id=row.owner_id,
        role=None if row.role_name is None else Role(row.role_name),
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
        deleted_at=row.deleted_at,
    )


def etag(row: ProjectRow, role: Role | None) -> str:
    """The version, and the role where there is one: both stand in the answer, and either may change alone."""
    return str(row.version) if role is None else f"{row.version}-{role.value}"


def expected_version(call: Call) -> int | None:
    """The version that If-Match names; None where any will do. Raises Stale for what is not one of ours."""
    tag = call.if_match()
    if tag is None:
        return None
    number = tag.partition("-")[0]
    if not (number.isascii() and number.isdecimal() and len(number) < 10):
        raise Stale("If-Match names no version of this")
    return int(number)


def new_project(body: p.ProjectRequest) -> NewProject:
    """What to insert. Raises Invalid."""
    visibility = "public" if body.is_public else "private"
    if body.visibility is not None:
        if body.is_public is not None and body.is_public != (body.visibility == "public"):
            raise _contradiction()
        visibility = body.visibility
    check_settings(body.settings)
    return NewProject(
        name=body.name,
        description=body.description,
        kind=body.kind,
        visibility=visibility,
        preview_html=body.preview_html,
        settings=body.settings,
    )


def changed_project(row: ProjectRow, body: p.ProjectChange) -> NewProject:
    """What a project becomes. Raises Invalid."""
    visibility = row.visibility
    if body.visibility is not UNSET:
        if body.is_public is not UNSET and body.is_public != (body.visibility == "public"):
            raise _contradiction()
        visibility = body.visibility
    elif body.is_public is not UNSET and body.is_public != (visibility == "public"):
        visibility = "public" if body.is_public else "private"
    settings = row.settings if body.settings is UNSET else body.settings or {}
    if body.settings is not UNSET:
        check_settings(settings)
    return NewProject(
        name=row.name if body.name is UNSET else body.name,
        description=row.description if body.description is UNSET else body.description or "",
        kind=row.kind if body.kind is UNSET else body.kind or p.KIND,
        visibility=visibility,
        preview_html=row.preview_html if body.preview_html is UNSET else body.preview_html,
        settings=settings,
    )


def check_settings(settings: dict[str, Any]) -> None:
    """Bounded, and only what PostgreSQL's jsonb keeps. Raises Invalid."""
    _check_value(settings, "/settings", p.SETTINGS_DEPTH)
    try:
        size = len(msgspec.json.encode(settings))
    except (msgspec.MsgspecError, OverflowError, ValueError):
        raise Invalid.field("/settings", "a number is too large") from None
    if size > p.SETTINGS_BYTES:
        raise Invalid.field("/settings", f"larger than {p.SETTINGS_BYTES} bytes as JSON")


def _check_value(value: Any, pointer: str, depth: int) -> None:
    match value:
        case dict() | list() if depth == 0:
            raise Invalid.field(pointer, f"nested deeper than {p.SETTINGS_DEPTH}")
        case dict():
            for key, item in value.items():
                _check_value(key, pointer, depth - 1)
                _check_value(item, f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}", depth - 1)
        case list():
            for at, item in enumerate(value):
                _check_value(item, f"{pointer}/{at}", depth - 1)
        case str() if "\x00" in value:
            raise Invalid.field(pointer, "a NUL character cannot be kept")
        case _:
            pass


def _contradiction() -> Invalid:
    return Invalid.field("/is_public", "contradicts /visibility; one of them is enough")


def to_micros(at: datetime) -> int:
    """A time as a cursor holds it, exactly."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def from_micros(number: int) -> str:
    """The inverse, as PostgreSQL reads it."""
    return (_EPOCH + timedelta(microseconds=number)).isoformat()
