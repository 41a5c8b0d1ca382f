"""What every change of a project does in its transaction: ask again who may, tell what happened, write the audit log.

Used by the routes of projects, members and invitations.
"""

from uuid import UUID

from gateway.operations import Call
from gateway.refusals import Forbidden, Missing
from schemas.roles import Role
from store import projects
from store.happenings import Act, Happening, add_audit, add_happening, project_topic, user_topic
from store.postgres import Transaction
from store.projects import LockedProject


async def lock_living(tx: Transaction, project_id: UUID) -> LockedProject:
    """The project, locked until the transaction ends. Raises Missing, also for a deleted one."""
    locked = await projects.lock_project(tx, project_id)
    if locked is None or locked.is_deleted:
        raise Missing("there is no such project")
    return locked


async def role_now(tx: Transaction, call: Call, project_id: UUID) -> Role:
    """The caller's role in a locked project: the gate's answer may be some seconds old. Raises Forbidden."""
    role = await projects.find_role(tx, project_id, call.caller.user_id)
    if role is None:
        raise Forbidden("you are not a member of this project")
    return role


async def must_own(tx: Transaction, call: Call, project_id: UUID) -> None:
    """The caller owns the locked project. Raises Forbidden."""
    if await role_now(tx, call, project_id) is not Role.OWNER:
        raise Forbidden("this needs the role owner")


async def tell(tx: Transaction, call: Call, project_id: UUID, kind: str, **data: object) -> None:
    """A happening of the project, by the caller."""
    await add_happening(
        tx,
        Happening(
            topic=project_topic(project_id),
            kind=kind,
            actor_id=call.caller.user_id,
            project_id=project_id,
            data=data,
        ),
    )


async def audit(tx: Transaction, call: Call, act: str, project_id: UUID, **details: object) -> None:
    """A line of the audit log about the project, by the caller."""
    await add_audit(
        tx,
        Act(
            act=act,
            actor_id=call.caller.user_id,
            subject=f"project:{project_id}",
            address=call.address,
            request_id=call.request_id,
            details=details,
        ),
    )


async def tell_user(tx: Transaction, call: Call, user_id: UUID, project_id: UUID, kind: str, **data: object) -> None:
    """The same to somebody whom it is about, wherever they are."""
    await add_happening(
        tx,
        Happening(
            topic=user_topic(user_id),
            kind=kind,
            actor_id=call.caller.user_id,
            project_id=project_id,
            data={"project_id": project_id, **data},
        ),
    )
