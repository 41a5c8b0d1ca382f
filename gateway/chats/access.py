"""Who may do what in a chat. Asked by rights.py and by gateway/events/topics.py.

nobody's project    the user who made it: all of it; for others it is not there
in a project        its members read; commenters and above write; who made it, and admins, rename and delete
"""

from typing import Final
from uuid import UUID

from gateway.access import Access, Gate, in_person
from gateway.auth.caller import Caller
from gateway.refusals import Forbidden, Missing

AI_SCOPE: Final = "ai"


async def access_to(gate: Gate, caller: Caller, owner: UUID, project: UUID | None) -> Access:
    """By what right the caller reads the chat. Raises the same."""
    if project is None:
        if owner != caller.user_id:
            raise no_chat()
        return in_person(caller)
    access = await gate.in_project(caller, project)
    if not access.is_member:
        raise Forbidden("you are not a member of this project")
    return access


def no_chat() -> Missing:
    """Nobody shall learn which chats others have."""
    return Missing("there is no such chat")


def check_scope(caller: Caller) -> None:
    """Raises Forbidden where a platform token may not chat."""
    if caller.scopes is not None and AI_SCOPE not in caller.scopes:
        raise Forbidden(f"the token lacks the scope {AI_SCOPE}")
