"""The map of the live side of a gateway: what is plugged into what. Called by gateway/app.py.

connections ──► sessions ──► Document ──► Committer ──► DocumentLog ──► Redis
                                 ▲                                        │
                           OpenDocuments ◄──────── Announcements ◄────────┘
"""

import asyncio
import os
from collections.abc import AsyncIterator

import structlog
from aiohttp import web

from gateway.chats.live import LiveChats
from gateway.events.endpoint import events_endpoint
from gateway.events.figures import event_figures
from gateway.events.hub import Hub
from gateway.events.topics import Topics
from gateway.parts import Parts, Sockets
from gateway.routes.table_chats import SAY
from gateway.socketio.figures import socket_io_figures
from gateway.socketio.server import SocketIoServer
from gateway.sockets.attendance import AttendanceTeller
from gateway.sockets.collab import collab_endpoint
from gateway.sockets.drain import drain
from gateway.sockets.figures import socket_figures
from gateway.sockets.hall import Hall
from gateway.sockets.heart import Heart
from gateway.sockets.hocuspocus import hocuspocus_endpoint
from gateway.sockets.roll_call import RollCall
from gateway.sockets.wheel import Wheel
from rooms.committer import Committer
from rooms.figures import Figures
from rooms.open_documents import OpenDocuments
from rooms.peeks import Peeks
from rooms.presence_relay import PresenceRelay
from rooms.stack import deepen
from rooms.texts import Texts
from schemas.documents import DocumentName
from store.announcements import Announcements
from store.collaboration import note_last_seen
from store.document_library import DocumentLibrary, peek
from store.document_log import DocumentLog
from store.document_past import DocumentPast
from store.event_announcements import EventAnnouncements
from store.lane import Lane
from store.leases import Leases
from store.questions import Questions
from store.redis import ping
from store.registry import Registry

logger = structlog.get_logger("gateway.sockets")
TIDY = 1.0
"""Seconds between two looks at idle documents and old presence."""


def plug_sockets(app: web.Application, parts: Parts) -> Sockets:
    """Wire the live documents into the gateway; connections open when the application starts."""
    deepen()
    settings = parts.settings
    loop = asyncio.get_event_loop()
    origin = os.urandom(8)
    redis = parts.redis
    commits = Lane(settings.redis_url, "append")
    log = DocumentLog(redis, commits, origin, follows=True)
    announcements = Announcements(settings.redis_url, origin)
    figures = Figures()
    committer = Committer(log, figures)
    shown: set[DocumentName] = set()
    relay = PresenceRelay(log.announce_presence, loop, figures, shown)
    documents = OpenDocuments(log, DocumentLibrary(parts.postgres, log, announcements), committer, relay, figures)
    hall = Hall(parts.gate, parts.paths, parts.watch, documents, Wheel(loop), figures)
    registry = Registry(redis)
    heart = Heart(registry, settings.name, settings.socket_url, figures, documents, log)
    attendance = AttendanceTeller(
        parts.here, parts.watch, documents, shown, lambda gone: note_last_seen(parts.postgres, gone)
    )
    roll_call = RollCall(
        settings.name, Questions(redis), registry, hall, committer, parts.health, parts.rates.turned_away
    )
    following = EventAnnouncements(settings.redis_url)
    hub = Hub(parts.events, following)
    topics = Topics(parts.gate, parts.postgres)
    chats = LiveChats(parts, SAY)
    socket_io = SocketIoServer(parts, hall, hub, topics, chats)
    socket_io.attach(app)
    parts.health.add("redis", lambda: ping(redis))
    parts.metrics.add(lambda: socket_figures(hall, committer, heart))
    parts.metrics.add(lambda: event_figures(hub))
    parts.metrics.add(lambda: socket_io_figures(socket_io))

    async def live(app: web.Application) -> AsyncIterator[None]:
        tasks = [
            asyncio.create_task(announcements.run(documents, parts.watch, roll_call)),
            asyncio.create_task(parts.watch.run()),
            asyncio.create_task(attendance.run()),
            asyncio.create_task(following.run(hub)),
            asyncio.create_task(hub.run()),
            asyncio.create_task(socket_io.run()),
            asyncio.create_task(committer.run()),
            asyncio.create_task(hall.wheel.run()),
            asyncio.create_task(heart.run()),
            asyncio.create_task(_tidy(documents)),
        ]
        for task in tasks:
            task.add_done_callback(_must_not_end)
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await attendance.leave()
        await commits.close()

    async def on_shutdown(app: web.Application) -> None:
        await heart.stop()
        await socket_io.close()
        await drain(hall, committer)

    app.cleanup_ctx.append(live)
    app.on_shutdown.append(on_shutdown)
    return Sockets(
        collab=collab_endpoint(hall, settings.trusted_proxies),
        hocuspocus=hocuspocus_endpoint(hall, settings.trusted_proxies),
        events=events_endpoint(hall, hub, topics, chats, settings),
        home_url=heart.home_url,
        texts=Texts(documents, DocumentPast(parts.postgres, log), Leases(redis)),
        peeks=Peeks(lambda name: peek(parts.postgres, log, name), documents.turns),
        documents=documents,
        heart=heart,
        hub=hub,
        topics=topics,
        roll_call=roll_call,
    )


async def _tidy(documents: OpenDocuments) -> None:
    while True:
        await asyncio.sleep(TIDY)
        await documents.tidy()


def _must_not_end(task: "asyncio.Task[None]") -> None:
    if not task.cancelled():
        # Without this part the process only seems to work; the supervisor starts a sound one.
        logger.critical("a part of the gateway ended", exc_info=task.exception())
        os._exit(70)
