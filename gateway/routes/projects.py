"""`/api/projects…`: making a project, and the token that opens its documents."""

from gateway.operations import Call
from gateway.parts import HOME_URL
from schemas import projects as bodies
from schemas.ids import new_id
from schemas.roles import Role
from store import projects


async def create_project(call: Call) -> bodies.Project:
    """Make a project; the caller is its owner."""
    row = await projects.create_project(call.parts.postgres, new_id(), call.caller.user_id, call.body.name)
    return bodies.Project(
        id=row.id,
        name=row.name,
        owner_id=row.owner_id,
        role=Role.OWNER,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


async def create_room_token(call: Call) -> bodies.RoomTokenGranted:
    """Make a token for the project's documents, never above the caller's own role."""
    caller, access = call.caller, call.access
    role = access.role if call.body.role is None else min(call.body.role, access.role)
    room_token, seconds = call.parts.tokens.sign_room(
        access.user_id,
        access.session_id,
        access.project_id,
        role,
        access.display_name,
        not_after=caller.session_expires_at,
    )
    url = await call.request.app[HOME_URL](access.project_id)
    return bodies.RoomTokenGranted(token=room_token, role=role, expires_in=seconds, url=url)
