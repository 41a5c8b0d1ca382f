"""What app.py makes once, and routes and sockets use: plain values, reached by `request.app[PARTS]`."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from aiohttp import web

from gateway.access import Gate
from gateway.access_watch import AccessWatch
from gateway.archives.turns import Readers
from gateway.auth.accounts import Accounts
from gateway.auth.identity import Identity
from gateway.auth.tokens import Tokens
from gateway.events.hub import Hub
from gateway.events.nudge import Nudge
from gateway.events.topics import Topics
from gateway.health import Health
from gateway.metrics import Metrics
from gateway.models import Models
from gateway.paths import Paths
from gateway.permissions import Permissions
from gateway.rates import Rates
from gateway.repeats import Repeats
from gateway.settings import Settings
from gateway.sockets.heart import Heart
from gateway.sockets.roll_call import RollCall
from gateway.spool import Spools
from gateway.turns import Turns
from rooms.open_documents import OpenDocuments
from rooms.peeks import Peeks
from rooms.texts import Texts
from store.event_log import EventLog
from store.here import Here
from store.key_seal import RingPublic
from store.postgres import Postgres
from store.redis import Redis
from store.sealed import Seal
from store.stream_queue import StreamQueue

HomeUrl = Callable[[UUID], Awaitable[str]]  # project -> WebSocket base of its room's home
Endpoint = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Parts:
    """One gateway's parts. PostgreSQL and Redis open with the application; the rest is ready when constructed."""

    settings: Settings
    postgres: Postgres
    redis: Redis
    tokens: Tokens
    gate: Gate
    paths: Paths
    turns: Turns
    spools: Spools
    readers: Readers
    watch: AccessWatch
    identity: Identity
    accounts: Accounts
    permissions: Permissions
    rates: Rates
    repeats: Repeats
    events: EventLog
    stream_queue: StreamQueue
    models: Models
    nudge: Nudge
    here: Here
    webhook_seal: Seal
    key_seal: RingPublic
    health: Health
    metrics: Metrics


@dataclass(frozen=True, slots=True)
class Sockets:
    """What gateway/sockets/wiring.py gives back: the live documents' endpoints, and where rooms live."""

    collab: Endpoint  # GET /collab/{project}/{path}
    hocuspocus: Endpoint  # GET /hocuspocus
    events: Endpoint  # GET /events
    home_url: HomeUrl
    texts: Texts
    peeks: Peeks
    documents: OpenDocuments
    heart: Heart
    hub: Hub
    topics: Topics
    roll_call: RollCall


PARTS: Final = web.AppKey("parts", Parts)
HOME_URL: Final[web.AppKey[HomeUrl]] = web.AppKey("home_url")
LIVE: Final = web.AppKey("live", Sockets)
TEXTS: Final = web.AppKey("texts", Texts)
