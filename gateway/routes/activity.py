"""`/api/projects/{id}/activity`, `/api/files/{id}/activities`: who did what when."""

from gateway.cursors import decode_cursor, page
from gateway.operations import Call
from gateway.refusals import Invalid, Missing
from schemas.files import Activity
from schemas.ids import parse_id
from schemas.pages import Page
from store import activity, files
from store.activity import EDITS, HAPPENING, ActivityPlace, ActivityRow


async def list_project_activity(call: Call) -> Page[Activity]:
    """List what was done in a project, the latest first; edits appear within some seconds."""
    rows = await activity.list_of_project(
        call.parts.postgres, call.access.project_id, _place(call), call.query.limit + 1
    )
    return page(rows, call.query.limit, _body, lambda row: row.place)


async def list_file_activity(call: Call) -> Page[Activity]:
    """List what was done to a file, also to a deleted one, the latest first; edits appear within some seconds."""
    place = _place(call)
    file = await files.find_file(call.parts.postgres, call.id())
    if file is None:
        raise Missing("there is no such file")
    rows = await activity.list_of_file(call.parts.postgres, file.id, file.document, place, call.query.limit + 1)
    return page(rows, call.query.limit, _body, lambda row: row.place)


def _place(call: Call) -> ActivityPlace | None:
    place = decode_cursor(call.query.cursor, ActivityPlace)
    if place is None:
        return None
    if place.at.tzinfo is None or not _is_id(place):
        raise Invalid.field("?cursor", "not a cursor of this list; begin again without it")
    return place


def _is_id(place: ActivityPlace) -> bool:
    if place.source == HAPPENING:
        return place.id.isascii() and place.id.isdecimal() and len(place.id) < 19
    try:
        return place.source == EDITS and parse_id(place.id) is not None
    except ValueError:
        return False


def _body(row: ActivityRow) -> Activity:
    return Activity(
        id=f"{'h' if row.source == HAPPENING else 'e'}{row.id}",
        kind=row.kind,
        at=row.at,
        until=row.until,
        edits=row.edits,
        actor_id=row.actor_id,
        actor_name=row.actor_name,
        file_id=row.file_id,
        path=row.path,
        data=row.data,
    )
