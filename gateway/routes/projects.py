"""`/api/projects…`: projects, and the token that opens their documents. Members, invitations and copies have files of
their own beside this one."""

from typing import Annotated, Final
from uuid import UUID

from msgspec import UNSET, Meta, structs

from gateway.cursors import decode_cursor, page
from gateway.operation import Answer
from gateway.operations import Call
from gateway.parts import HOME_URL
from gateway.permissions import known
from gateway.refusals import Forbidden, Invalid, Missing, Stale
from gateway.routes.members import all_members
from gateway.routes.project_acts import audit, must_own, role_now, tell
from gateway.routes.project_answers import (
    Micros,
    changed_project,
    etag,
    expected_version,
    from_micros,
    new_project,
    project,
    summary,
    to_micros,
)
from gateway.routes.project_files import check_files, new_texts, read_texts, split, write_texts
from schemas import projects as bodies
from schemas.ids import new_id
from schemas.pages import Page
from schemas.patterns import NO_NUL
from schemas.roles import Role
from store import file_changes, project_lists, projects
from store.files import FileRow
from store.happenings import add_access_change
from store.postgres import Transaction
from store.project_lists import After, ListedRow, Wanted
from store.projects import ProjectRow

_Name = Annotated[str, Meta(max_length=bodies.NAME_LENGTH * 3, pattern=NO_NUL)]  # lower case may be longer
NO_SUCH: Final = "there is no such project"


async def list_projects(call: Call) -> Page[bodies.ProjectSummary]:
    """List one's own projects and those one is a member of.

    `q` finds words, and beginnings of words, of names and descriptions. `deleted=true` lists the deleted ones that one
    owns, which can be restored for 30 days.
    """
    query: bodies.ProjectsQuery = call.query
    db, user, limit = call.parts.postgres, call.caller.user_id, query.limit + 1
    if query.deleted:
        if (query.q, query.visibility, query.kind, query.role) != (None, None, None, None):
            raise Invalid.field("?deleted", "deleted projects are listed without filters")
        rows = await project_lists.list_deleted(db, user, _after_time(query.cursor), limit)
        return page(rows, query.limit, summary, lambda row: _time_key(row, deleted=True))
    wanted = Wanted(query.q, query.visibility, query.kind, None if query.role is None else query.role.value)
    match query.sort:
        case "updated":
            rows = await project_lists.list_projects(db, user, wanted, "updated", _after_time(query.cursor), limit)
            return page(rows, query.limit, summary, _time_key)
        case "created":
            last = decode_cursor(query.cursor, tuple[UUID])
            after = None if last is None else After(last[0])
            rows = await project_lists.list_projects(db, user, wanted, "created", after, limit)
            return page(rows, query.limit, summary, lambda row: (row.id,))
        case "name":
            named = decode_cursor(query.cursor, tuple[_Name, UUID])
            after = None if named is None else After(named[1], name=named[0])
            rows = await project_lists.list_projects(db, user, wanted, "name", after, limit)
            return page(rows, query.limit, summary, lambda row: (row.sort_name, row.id))


async def list_public_projects(call: Call) -> Page[bodies.ProjectSummary]:
    """List everybody's public projects, the last updated first."""
    query: bodies.GalleryQuery = call.query
    rows = await project_lists.list_public(
        call.parts.postgres, Wanted(query.q, kind=query.kind), _after_time(query.cursor), query.limit + 1
    )
    return page(rows, query.limit, summary, _time_key)


async def create_project(call: Call) -> Answer:
    """Make a project; the caller is its owner."""
    new = new_project(call.body)
    texts = new_texts(check_files(call.body.files))
    project_id, user_id = new_id(), call.caller.user_id

    async def work(tx: Transaction) -> ProjectRow:
        row = await projects.add_project(tx, project_id, user_id, new)
        await tell(tx, call, project_id, "project.created", name=row.name, visibility=row.visibility)
        if texts:
            await file_changes.create_files(tx, project_id, user_id, texts)
        return row

    row = await call.parts.postgres.transact(work)
    return _answer(row, Role.OWNER, headers={"Location": f"/api/projects/{project_id}"})


async def get_project(call: Call) -> Answer:
    """Read a project. `include=members` adds the members, `include=files` the text of its text files."""
    row = await projects.find_project(call.parts.postgres, call.access.project_id)
    if row is None:
        raise Missing(NO_SUCH)
    role = _role(call)
    wanted = set() if call.query.include is None else set(call.query.include.split(","))
    if not wanted:
        return _answer(row, role)
    body = project(row, role)
    if "members" in wanted:
        if role is None:
            known(call.maybe_caller)
            raise Forbidden("only members see who the members are")
        body = structs.replace(body, members=await all_members(call.parts.postgres, row.id))
    if "files" in wanted:
        body = structs.replace(body, files=await read_texts(call, row.id))
    return Answer(body)  # without ETag: files and members change without the project


async def update_project(call: Call) -> Answer:
    """Change a project. A missing key means unchanged, null clears. Who may see it is changed by admins and owners.

    `files` makes new text files together with all else, then brings those that are there to the text given, by the
    smallest edits, as if the caller had typed them; files that it does not name stay.
    """
    body: bodies.ProjectChange = call.body
    project_id, expected = call.access.project_id, expected_version(call)
    given = [name for name in structs.asdict(body) if getattr(body, name) is not UNSET]
    texts = {} if body.files is UNSET else check_files(body.files)
    there: list[FileRow] = []

    async def work(tx: Transaction) -> ProjectRow:
        nonlocal there
        locked = await projects.lock_project(tx, project_id)
        row = await projects.find_project(tx, project_id)
        if locked is None or row is None:
            raise Missing(NO_SUCH)
        if expected is not None and expected != row.version:
            raise Stale(f"it is at version {row.version} by now")
        new = changed_project(row, body)
        if not given:
            return row
        if new.visibility != row.visibility:
            if await role_now(tx, call, project_id) < Role.ADMIN:
                raise Forbidden("who may see a project is changed by its admins and owners")
            await add_access_change(tx, "project.changed", project_id=project_id)
            await audit(tx, call, "project.visibility", project_id, before=row.visibility, after=new.visibility)
        after = await projects.replace_project(tx, project_id, new)
        await tell(tx, call, project_id, "project.updated", version=after.version, changed=given, name=after.name)
        if texts:
            await file_changes.hold(tx, project_id)
            missing, there = await split(tx, project_id, texts)
            if missing:
                await file_changes.create_files(tx, project_id, call.caller.user_id, new_texts(missing))
        return after

    row = await call.parts.postgres.transact(work)
    if body.visibility is not UNSET or body.is_public is not UNSET:
        call.parts.gate.forget_project(project_id)
    if texts:
        call.parts.paths.forget(project_id)
        await write_texts(call, there, texts)
    return _answer(row, _role(call))


async def delete_project(call: Call) -> None:
    """Delete a project, with everybody in it. It can be restored for 30 days."""
    project_id, expected = call.access.project_id, expected_version(call)

    async def work(tx: Transaction) -> None:
        locked = await projects.lock_project(tx, project_id)
        if locked is None or locked.is_deleted:
            raise Missing(NO_SUCH)
        if expected is not None and expected != locked.version:
            raise Stale(f"it is at version {locked.version} by now")
        await must_own(tx, call, project_id)
        await projects.mark_deleted(tx, project_id, True)
        await tell(tx, call, project_id, "project.deleted", name=locked.name)
        await add_access_change(tx, "project.changed", project_id=project_id)
        await audit(tx, call, "project.deleted", project_id)

    await call.parts.postgres.transact(work)
    call.parts.gate.forget_project(project_id)


async def restore_project(call: Call) -> Answer:
    """Take the deletion of a project back."""
    project_id = call.access.project_id

    async def work(tx: Transaction) -> ProjectRow:
        locked = await projects.lock_project(tx, project_id)
        if locked is None or (locked.is_deleted and not locked.may_return):
            raise Missing(NO_SUCH)
        await must_own(tx, call, project_id)
        if not locked.is_deleted:
            row = await projects.find_project(tx, project_id)
            assert row is not None  # locked, and not deleted
            return row
        row = await projects.mark_deleted(tx, project_id, False)
        await tell(tx, call, project_id, "project.restored", name=row.name)
        await add_access_change(tx, "project.changed", project_id=project_id)
        await audit(tx, call, "project.restored", project_id)
        return row

    row = await call.parts.postgres.transact(work)
    call.parts.gate.forget_project(project_id)
    return _answer(row, call.access.role)


async def create_room_token(call: Call) -> bodies.RoomTokenGranted:
    """Make a token for the project's documents, never above the caller's own role."""
    caller, access = call.caller, call.access
    role = access.role if call.body.role is None else min(call.body.role, access.role)
    room_token, seconds = call.parts.tokens.sign_room(
        access.user_id,
        access.session_id,
        access.project_id,
        role,
        access.display_name,
        not_after=caller.session_expires_at,
    )
    url = await call.request.app[HOME_URL](access.project_id)
    return bodies.RoomTokenGranted(token=room_token, role=role, expires_in=seconds, url=url)


def _answer(row: ProjectRow, role: Role | None, headers: dict[str, str] | None = None) -> Answer:
    return Answer(project(row, role), etag=etag(row, role), headers=headers or {})


def _role(call: Call) -> Role | None:
    return call.access.role if call.access.is_member else None


def _time_key(row: ListedRow, deleted: bool = False) -> tuple[int, UUID]:
    at = row.deleted_at if deleted and row.deleted_at is not None else row.updated_at
    return to_micros(at), row.id


def _after_time(cursor: str | None) -> After | None:
    last = decode_cursor(cursor, tuple[Micros, UUID])
    return None if last is None else After(last[1], at=from_micros(last[0]))
