"""Every URL of the gateway: the operations of table.py, and what is not REST. Read by app.py."""

from aiohttp import web

from gateway.about import About
from gateway.openapi import document
from gateway.operations import handler
from gateway.parts import Parts, Sockets
from gateway.routes.table import TABLE
from schemas.about import VERSION


def url_table(parts: Parts, sockets: Sockets | None) -> list[web.RouteDef]:
    """Method, URL and function; {braces} are in `request.match_info`."""
    about = About(document(TABLE, parts.settings.public_url, VERSION), parts.settings.name)
    urls = [
        web.get("/healthz", parts.health.live),
        web.get("/readyz", parts.health.ready),
        web.get("/metrics", parts.metrics.page),
        web.get("/version", about.version),
        web.get("/api/openapi.json", about.openapi),
        web.get("/api/docs", about.docs),
    ]
    for operation in TABLE:
        run = handler(operation)
        urls += [web.route(operation.method, path, run) for path in (operation.path, *operation.also)]
    if sockets is not None:
        urls += [
            web.get("/collab/{project}/{path:.*}", sockets.collab, allow_head=False),
            web.get("/hocuspocus", sockets.hocuspocus, allow_head=False),
            web.get("/events", sockets.events, allow_head=False),
        ]
    return urls
