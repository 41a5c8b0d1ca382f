"""Who may call an operation: the requirements that gateway/routes/table.py states, and the one place that decides.

    requirement of the operation ──┐
    Caller, or nobody ─────────────┼──► permit ──► Access (in a project), None (elsewhere), or refused
    {id} of the URL ───────────────┘

tests/rest/test_matrix.py asks `table.py` for every operation and tries it as everybody.

Where it depends on what is asked, the operation states what all of it needs, and its function asks for the rest.
tests/rest/test_inner_decisions.py tries each of these as everybody:

    collaboration.start_session   the body names the project: for its members
    webhooks.create_webhook       with a `project_id`: for its admins and owners
    projects.update_project       another `visibility`: for admins and owners
    projects.get_project          `include=members`: for members, also where the project is public
    files.list_files              `deleted=true`: for editors and above
    members, invites              nobody gives or takes a role above their own (routes/members.py, `_must_reach`)
    users.list_users              all of them, or by role or tier: for administrators of this Atrium
    chats, chat_messages          one's own; those of a project: gateway/chats/access.py (tests/chats/test_shared.py)
    tokens.create_token           the scope `admin`: for administrators of this Atrium
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal, assert_never
from uuid import UUID

from gateway.access import Access, Denied, Gate
from gateway.auth.caller import Caller
from gateway.auth.tokens import Forged
from gateway.refusals import Forbidden, Invalid, Missing
from schemas.close_codes import CloseCode
from schemas.ids import parse_id
from schemas.roles import Role

Thing = Literal["project", "file", "collaboration"]
"""What `{id}` names. Things other than projects lie in one; `FindProject` says in which."""
FindProject = Callable[[UUID], Awaitable[UUID | None]]


@dataclass(frozen=True, slots=True)
class Anyone:
    """No token needed; who brings one is known."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Guests too."""


@dataclass(frozen=True, slots=True)
class Registered:
    """Not guests: it needs an account that lasts."""


@dataclass(frozen=True, slots=True)
class SiteAdmin:
    """Administrators of this Atrium."""


@dataclass(frozen=True, slots=True)
class Self:
    """The user whom `{id}` names, and administrators of this Atrium."""


@dataclass(frozen=True, slots=True)
class InProject:
    """At least this role in the project that `{id}` names or lies in. `public`: where the project is public or
    unlisted, everybody, also without a token, counts as a viewer. `self_too`: members may do it to themselves, whom
    {user_id} names. `deleted`: also where the project is deleted."""

    role: Role
    public: bool = False
    of: Thing = "project"
    self_too: bool = False
    deleted: bool = False


Requirement = Anyone | SignedIn | Registered | SiteAdmin | Self | InProject


class Permissions:
    """One per gateway."""

    def __init__(self, gate: Gate, find_project: Mapping[Thing, FindProject]) -> None:
        """`find_project`: the project of a file, and so on; None where there is no such thing."""
        self._gate = gate
        self._find_project = find_project

    async def permit(self, requirement: Requirement, caller: Caller | None, ids: Mapping[str, str]) -> Access | None:
        """Raises Forged (401), Forbidden (403), Missing (404), or Denied; or says with which role it goes on."""
        match requirement:
            case Anyone():
                return None
            case InProject():
                return await self._in_project(requirement, caller, ids)
        caller = known(caller)
        match requirement:
            case SignedIn():
                return None
            case Registered():
                if caller.is_guest:
                    raise Forbidden("guests cannot do this; register first")
            case SiteAdmin():
                if not caller.is_admin:
                    raise Forbidden("this is for administrators")
            case Self():
                if str(caller.user_id) != ids["id"] and not caller.is_admin:
                    raise Forbidden("this is somebody else's account")
            case _:
                assert_never(requirement)
        return None

    async def _in_project(self, requirement: InProject, caller: Caller | None, ids: Mapping[str, str]) -> Access | None:
        if caller is None and not requirement.public:
            known(caller)
        text = ids.get("id")
        if text is None:
            raise Invalid.field("?project_id", "which project?")
        try:
            thing = parse_id(text)
        except ValueError:
            raise Missing(f"there is no such {requirement.of}") from None
        project = thing if requirement.of == "project" else await self._find_project[requirement.of](thing)
        if project is None:
            raise Missing(f"there is no such {requirement.of}")
        try:
            access = await self._gate.in_project(caller, project, deleted=requirement.deleted)
        except Denied as denied:
            if caller is None and denied.code is CloseCode.FORBIDDEN:
                known(caller)
            raise
        themselves = requirement.self_too and access.is_member and ids.get("user_id") == str(access.user_id)
        if access.role < requirement.role and not themselves:
            raise Forbidden(f"this needs the role {requirement.role.value}; yours is {access.role.value}")
        if not access.is_member and not requirement.public:
            raise Forbidden("you are not a member of this project")
        return access


def known(caller: Caller | None) -> Caller:
    """The caller; raises Forged (401) for nobody."""
    if caller is None:
        raise Forged("send the access token as: Authorization: Bearer <token>")
    return caller
