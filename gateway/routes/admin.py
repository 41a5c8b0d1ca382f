"""`/api/admin/…` for the instance itself: how its parts are, which rooms are open."""

from gateway.operations import Call
from gateway.parts import LIVE
from schemas.about import VERSION
from schemas.admin import Backlog, Component, InstanceHealth, LiveGateway, LiveRoom
from schemas.jobs import DOCUMENT_QUEUE
from schemas.pages import Page
from schemas.unavailable import Unavailable
from store import backlog
from store.registry import Registry


async def show_health(call: Call) -> InstanceHealth:
    """Ask every part of the instance how it is."""
    parts = call.parts
    report = await parts.health.report()
    try:
        gateways = await Registry(parts.redis).live()
        waiting = await _backlog(call)
    except Unavailable:
        gateways, waiting = [], None  # the checks above name what is away
    return InstanceHealth(
        healthy=report.ready and waiting is not None,
        version=VERSION,
        answered_by=parts.settings.name,
        components=[Component(name, status) for name, status in report.checks.items()],
        gateways=[LiveGateway(gateway.id, gateway.url, gateway.connections) for gateway in gateways],
        backlog=waiting,
    )


async def list_rooms(call: Call) -> Page[LiveRoom]:
    """List the documents that the gateway which answers has open, those with most peers first."""
    live = call.request.app.get(LIVE)
    rooms = [
        LiveRoom(document=document.name, peers=len(document.peers), durable=document.is_durable)
        for document in (live.documents if live is not None else ())
    ]
    rooms.sort(key=lambda room: (-room.peers, room.document))
    return Page(rooms[: call.query.limit])


async def _backlog(call: Call) -> Backlog:
    parts = call.parts
    untold = await backlog.untold(parts.postgres)
    live = call.request.app.get(LIVE)
    return Backlog(
        unsaved_documents=live.heart.dirty if live is not None else 0,
        snapshot_lag=live.heart.snapshot_lag if live is not None else 0.0,
        jobs=await backlog.waiting_jobs(parts.redis, DOCUMENT_QUEUE),
        untold=untold.count,
        untold_age=untold.age,
    )
