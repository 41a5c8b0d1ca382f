"""Every URL of the gateway on one screen. Read by app.py."""

from aiohttp import web

from gateway.parts import Parts, Sockets
from gateway.routes.auth import create_guest
from gateway.routes.projects import create_project, create_room_token


def url_table(parts: Parts, sockets: Sockets | None) -> list[web.RouteDef]:
    """Method, URL and function; {braces} are in `request.match_info`."""
    table = [
        web.post("/api/auth/guest", create_guest),
        web.post("/api/projects", create_project),
        web.post("/api/projects/{id}/token", create_room_token),
        web.get("/healthz", parts.health.live),
        web.get("/readyz", parts.health.ready),
        web.get("/metrics", parts.metrics.page),
    ]
    if sockets is not None:
        table += [
            web.get("/collab/{project}/{path:.*}", sockets.collab, allow_head=False),
            web.get("/hocuspocus", sockets.hocuspocus, allow_head=False),
        ]
    return table
