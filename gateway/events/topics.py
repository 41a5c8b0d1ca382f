"""Which topics there are, and who may follow them. The map is TOPICS, at the end; session.py asks `permit`.

A topic is `{kind}:{id}`; happenings name theirs when they are written (store/happenings.py).
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from uuid import UUID

from gateway.access import NOWHERE, Access, Gate
from gateway.auth.caller import Caller
from gateway.refusals import Forbidden, Invalid
from schemas.ids import parse_id
from schemas.roles import Role

Permit = Callable[[Gate, Caller, UUID], Awaitable[Access]]
"""Raises Denied, Refused or StoreUnavailable. The Access says in which project the topic lies, and is watched."""


async def permit(gate: Gate, caller: Caller, topic: str) -> Access:
    """By what right the caller may follow the topic. Raises Denied, Refused or StoreUnavailable."""
    kind, colon, text = topic.partition(":")
    ask = TOPICS.get(kind)
    if ask is None or not colon:
        raise Invalid.field("/data/topic", f"a topic is one of {', '.join(f'{known}:{{id}}' for known in TOPICS)}")
    try:
        thing = parse_id(text)
    except ValueError as error:
        raise Invalid.field("/data/topic", str(error)) from None
    return await ask(gate, caller, thing)


async def _project(gate: Gate, caller: Caller, project_id: UUID) -> Access:
    """Members; where it is public or unlisted, everybody, but for what is said of members (schemas/events.py)."""
    return await gate.in_project(caller, project_id)


async def _user(gate: Gate, caller: Caller, user_id: UUID) -> Access:
    """Oneself."""
    if user_id != caller.user_id:
        raise Forbidden("these are somebody else's")
    return in_person(caller)


def in_person(caller: Caller) -> Access:
    """What needs no project: good as long as the session is."""
    return Access(caller.user_id, caller.session_id, NOWHERE, Role.VIEWER, caller.display_name, caller.expires_at)


TOPICS: Final[Mapping[str, Permit]] = {"project": _project, "user": _user}
