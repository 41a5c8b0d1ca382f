"""`/api/projects…`: making a project, and the token that opens its documents."""

import time

from aiohttp import web

from gateway.access import Denied
from gateway.auth.bearer import bearer_token, find_caller
from gateway.bodies import answer, read_body
from gateway.parts import HOME_URL, PARTS
from schemas import projects as bodies
from schemas.close_codes import CloseCode
from schemas.ids import new_id, parse_id
from schemas.roles import Role
from store import projects


async def create_project(request: web.Request) -> web.Response:
    """`POST /api/projects`: a new project; the caller is its owner."""
    parts = request.app[PARTS]
    token = bearer_token(request)
    body = await read_body(request, bodies.ProjectRequest)
    parts.projects.take(str(token.user_id), time.monotonic())
    caller = await find_caller(request)
    row = await projects.create_project(parts.postgres, new_id(), caller.user.id, body.name)
    project = bodies.Project(
        id=row.id,
        name=row.name,
        owner_id=row.owner_id,
        role=Role.OWNER,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
    return answer(project, status=201)


async def create_room_token(request: web.Request) -> web.Response:
    """`POST /api/projects/{id}/token`: a token for its documents, never above the caller's own role."""
    parts = request.app[PARTS]
    token = bearer_token(request)
    body = await read_body(request, bodies.RoomTokenRequest, optional=True)
    try:
        project_id = parse_id(request.match_info["id"])
    except ValueError:
        raise Denied(CloseCode.NOT_FOUND, "there is no such project") from None
    parts.room_tokens.take(str(token.user_id), time.monotonic())
    access = await parts.gate.by_access_token(token, project_id)
    role = access.role if body.role is None else min(body.role, access.role)
    room_token, seconds = parts.tokens.sign_room(
        access.user_id, project_id, role, access.display_name, not_after=token.expires_at
    )
    granted = bodies.RoomTokenGranted(
        token=room_token, role=role, expires_in=seconds, url=await request.app[HOME_URL](project_id)
    )
    return answer(granted)
