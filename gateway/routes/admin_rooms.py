"""`/api/admin/rooms…`: which documents are open in all gateways, and asking everybody in a project to come back."""

from collections import defaultdict

from aiohttp import web

from gateway.cursors import decode_cursor, encode_cursor
from gateway.operations import Call
from gateway.parts import LIVE
from gateway.sockets.roll_call import RollCall
from schemas import admin as bodies
from schemas import questions as q
from schemas.documents import DocumentName, project_of
from store.happenings import Act, add_audit

Rooms = dict[str, list[bodies.RoomAt]]


async def list_rooms(call: Call) -> bodies.LiveRooms:
    """List the documents that are open in any gateway, by name, and how many are in them."""
    after, limit = decode_cursor(call.query.cursor, str) or "", call.query.limit
    said = await _roll_call(call).ask(q.WhichRooms(after, limit + 1), q.Rooms)
    found: Rooms = defaultdict(list)
    for gateway in sorted(said.by):
        for room in said.by[gateway].rooms:
            found[room.document].append(bodies.RoomAt(gateway, room.peers, room.durable))
    # Each told its first `limit + 1`, so the first `limit` of all are whole.
    names = sorted(found)
    return bodies.LiveRooms(
        items=[_room(name, found[name]) for name in names[:limit]],
        next_cursor=encode_cursor(names[limit - 1]) if len(names) > limit else None,
        silent=said.silent,
    )


async def drain_room(call: Call) -> bodies.Drained:
    """Ask everybody in a project's documents to come back (close code 1012), in all gateways, over some seconds."""
    project_id = call.id()
    said = await _roll_call(call).ask(q.SendAway(project_id), q.SentAway)
    sent = [bodies.SentAwayFrom(gateway, answer.connections) for gateway, answer in sorted(said.by.items())]
    total = sum(each.connections for each in sent)
    await add_audit(
        call.parts.postgres,
        Act(
            act="room.drained",
            actor_id=call.caller.user_id,
            subject=f"project:{project_id}",
            address=call.address,
            request_id=call.request_id,
            details={"connections": total},
        ),
    )
    return bodies.Drained(total, sent, said.silent)


def _roll_call(call: Call) -> RollCall:
    live = call.request.app.get(LIVE)
    if live is None:
        raise web.HTTPServiceUnavailable(text="this process serves no documents")
    return live.roll_call


def _room(name: str, at: list[bodies.RoomAt]) -> bodies.LiveRoom:
    return bodies.LiveRoom(
        document=name,
        project_id=project_of(DocumentName(name)),
        peers=sum(each.peers for each in at),
        durable=all(each.durable for each in at),
        gateways=at,
    )
