"""`python -m gateway`: one gateway, from the environment's settings until SIGTERM or SIGINT."""

import asyncio
import gc
import os
import signal
import socket
import sys

import structlog
import uvloop
from aiohttp import web

from gateway.app import create_app
from gateway.limits import BACKLOG, IN_FLIGHT_SECONDS, URL_BYTES
from gateway.logs import configure_logs
from gateway.parts import PARTS
from gateway.porch import Patience, Porch
from gateway.settings import Settings, SettingsError, read_settings

log = structlog.get_logger("gateway")
GC_YOUNG = 20_000
"""Allocations between two looks of the cycle collector (700 by default): it costs more than the garbage here."""


def bind(host: str, port: int) -> socket.socket:
    """A socket with its address, not listening yet. Raises OSError."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    return listener


def cannot_listen(settings: Settings, error: OSError) -> int:
    """Say so; the exit status."""
    log.error("cannot listen", host=settings.host, port=settings.port, reason=error.strerror)
    return 1


async def serve(settings: Settings) -> int:
    """Serve until told to stop; the exit status."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        listener = bind(settings.host, settings.port)  # first of all: a busy port must not open anything else
    except OSError as error:
        return cannot_listen(settings, error)
    app = create_app(settings)
    runner = web.AppRunner(app, shutdown_timeout=IN_FLIGHT_SECONDS, handle_signals=False)
    await runner.setup()
    assert runner.server is not None  # since `setup`
    porch = Porch(runner.server, Patience(), access_log=None, max_line_size=URL_BYTES)
    app[PARTS].metrics.add(porch.figures)
    try:
        listener.listen(BACKLOG)  # here: uvloop does not tell that somebody else listens since `bind`
    except OSError as error:
        await runner.cleanup()
        return cannot_listen(settings, error)
    watch = asyncio.create_task(porch.run())
    site = await loop.create_server(porch.caller, sock=listener, backlog=BACKLOG)
    log.info("listening", host=settings.host, port=settings.port, url=settings.public_url)
    # What was made up to here stays. Young objects are checked less often: a frame makes few, and no cycles.
    gc.freeze()
    gc.set_threshold(GC_YOUNG, 20, 50)
    await stop.wait()
    app[PARTS].health.draining = True  # /readyz says so while the sockets drain
    log.info("stopping")
    site.close()
    await runner.cleanup()
    watch.cancel()
    log.info("stopped")
    return 0


def main() -> int:
    """Read the settings, then serve."""
    try:
        settings = read_settings(os.environ)
    except SettingsError as error:
        sys.stderr.write(f"gateway: {error}\n")
        return 2
    configure_logs(settings.log_level, settings.name)
    return uvloop.run(serve(settings))


if __name__ == "__main__":
    sys.exit(main())
