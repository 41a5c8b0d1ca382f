"""The wiring file of the gateway: everything it is made of, and how the parts know one another.

Called by __main__.py, and by tests that need no process of their own. Constructing opens nothing:
connections open when the application starts, and close when it stops (`cleanup_ctx`).
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from uuid import UUID

from aiohttp import web

from gateway.access import Gate
from gateway.access_watch import AccessWatch
from gateway.archives.turns import Readers
from gateway.auth.accounts import Accounts
from gateway.auth.identity import Identity
from gateway.auth.tokens import Tokens
from gateway.events.nudge import Nudge
from gateway.headers import cors, guard
from gateway.health import Health
from gateway.limits import BODY_BYTES
from gateway.metrics import LoopLag, Metrics, Requests
from gateway.middleware import note_begun, observe, show_limits
from gateway.models import Models
from gateway.parts import HOME_URL, LIVE, PARTS, TEXTS, HomeUrl, Parts
from gateway.paths import Paths
from gateway.permissions import Permissions
from gateway.rates import Rates
from gateway.repeats import Repeats
from gateway.routes import url_table
from gateway.settings import Settings
from gateway.sockets.wiring import plug_sockets
from gateway.spool import Spools
from gateway.turns import Turns
from store.collaboration import find_project_of
from store.errors import MigrationRefused
from store.event_log import EventLog
from store.files import find_gone
from store.here import Here
from store.key_seal import closing
from store.lane import Lane
from store.migrate import Migration, find_applied, missing, read_files
from store.model_lists import ModelLists
from store.postgres import Postgres, open_pool
from store.rates import SharedRates
from store.redis import connect
from store.sealed import WEBHOOK_SECRETS, Seal
from store.stream_queue import StreamQueue
from store.teller import tell


def create_app(settings: Settings, live: bool = True) -> web.Application:
    """One gateway; without `live` documents it is the REST side alone."""
    postgres = open_pool(settings.database_url)
    redis = connect(settings.redis_url)
    events = EventLog(redis)
    migrations = read_files()
    tokens = Tokens(settings.secret)
    health = Health(settings.name)
    health.add("postgresql", lambda: _schema_is_current(postgres, migrations))
    metrics, requests, lag = Metrics(), Requests(), LoopLag()
    metrics.add(requests.figures)
    metrics.add(lag.figures)
    gate = Gate(tokens, postgres)
    identity = Identity(gate, settings.secret)
    paths = Paths(postgres)
    turns = Turns()
    shared_rates = SharedRates(Lane(settings.redis_url, "gcra"))
    parts = Parts(
        settings=settings,
        postgres=postgres,
        redis=redis,
        tokens=tokens,
        gate=gate,
        paths=paths,
        turns=turns,
        spools=Spools(turns),
        readers=Readers(),
        watch=AccessWatch(gate, paths, lambda documents: find_gone(postgres, documents)),
        identity=identity,
        accounts=Accounts(settings, identity, tokens),
        permissions=Permissions(
            gate, {"file": paths.project_of, "collaboration": lambda session: find_project_of(postgres, session)}
        ),
        rates=Rates(shared_rates, settings.rate_factor),
        repeats=Repeats(postgres),
        events=events,
        stream_queue=StreamQueue(redis),
        models=Models(ModelLists(redis)),
        here=Here(redis),
        nudge=Nudge(lambda: tell(postgres, events)),
        webhook_seal=Seal(settings.secret, WEBHOOK_SECRETS),
        key_seal=closing(settings.keyring_public, settings.secret),
        health=health,
        metrics=metrics,
    )
    app = web.Application(middlewares=[cors(settings), observe(settings, requests)], client_max_size=BODY_BYTES)
    app.on_response_prepare.extend((note_begun, show_limits, guard(settings)))
    app[PARTS] = parts
    app.cleanup_ctx.append(_opened(parts, lag, shared_rates))
    # The live documents add their own lifetimes (entered after PostgreSQL's, left before), their draining
    # (`on_shutdown`), checks (`parts.health.add`) and figures (`parts.metrics.add`).
    sockets = plug_sockets(app, parts) if live else None
    if sockets is not None:
        app[TEXTS] = sockets.texts
        app[LIVE] = sockets
    app[HOME_URL] = sockets.home_url if sockets is not None else _own_url(settings)
    app.add_routes(url_table(parts, sockets))
    return app


def _own_url(settings: Settings) -> HomeUrl:
    async def own_url(project_id: UUID) -> str:
        return settings.socket_url

    return own_url


def _opened(parts: Parts, lag: LoopLag, shared_rates: SharedRates) -> Callable[[web.Application], AsyncIterator[None]]:
    async def opened(app: web.Application) -> AsyncIterator[None]:
        async with parts.postgres, parts.accounts:
            tasks = [asyncio.create_task(lag.tick()), asyncio.create_task(parts.models.run())]
            yield
            await parts.nudge.close()
            for task in tasks:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        await shared_rates.close()
        await parts.redis.aclose(close_connection_pool=True)

    return opened


async def _schema_is_current(postgres: Postgres, migrations: Sequence[Migration]) -> None:
    if names := missing(await find_applied(postgres), migrations):
        raise MigrationRefused(f"not applied yet: {', '.join(names)}")
