"""Which topics there are, and who may follow them. session.py asks `permit`; so do routes that stream one.

A topic is `{kind}:{id}`; happenings name theirs when they are written (store/happenings.py).
"""

from collections.abc import Awaitable, Callable, Mapping
from uuid import UUID

from gateway.access import Access, Gate, in_person
from gateway.auth.caller import Caller
from gateway.chats.access import access_to, check_scope, no_chat
from gateway.refusals import Forbidden, Invalid, Missing
from schemas.ids import parse_id
from store.chats import find_chat
from store.postgres import Postgres
from store.streams import find_stream

Permit = Callable[[Caller, UUID], Awaitable[Access]]
"""Raises Denied, Refused or StoreUnavailable. The Access says in which project the topic lies, and is watched."""


class Topics:
    """One per gateway."""

    def __init__(self, gate: Gate, postgres: Postgres) -> None:
        self._gate = gate
        self._postgres = postgres
        self._kinds: Mapping[str, Permit] = {
            "project": gate.in_project,
            "user": self._user,
            "stream": self._stream,
            "chat": self._chat,
        }

    async def permit(self, caller: Caller, topic: str) -> Access:
        """By what right the caller may follow the topic. Raises Denied, Refused or StoreUnavailable."""
        kind, colon, text = topic.partition(":")
        ask = self._kinds.get(kind)
        if ask is None or not colon:
            raise Invalid.field(
                "/data/topic", f"a topic is one of {', '.join(f'{known}:{{id}}' for known in self._kinds)}"
            )
        try:
            thing = parse_id(text)
        except ValueError as error:
            raise Invalid.field("/data/topic", str(error)) from None
        return await ask(caller, thing)

    async def of_stream(self, caller: Caller, owner: UUID, project: UUID | None) -> Access:
        """An AI answer: who asked for it, and members of the project that it belongs to."""
        if owner == caller.user_id:
            return in_person(caller)
        access = None if project is None else await self._gate.in_project(caller, project)
        if access is None or not access.is_member:
            raise Missing("there is no such stream")
        return access

    async def _user(self, caller: Caller, user_id: UUID) -> Access:
        """Oneself."""
        if user_id != caller.user_id:
            raise Forbidden("these are somebody else's")
        return in_person(caller)

    async def _stream(self, caller: Caller, stream_id: UUID) -> Access:
        row = await find_stream(self._postgres, stream_id)
        if row is None:
            raise Missing("there is no such stream")
        return await self.of_stream(caller, row.user_id, row.project_id)

    async def _chat(self, caller: Caller, chat_id: UUID) -> Access:
        check_scope(caller)
        row = await find_chat(self._postgres, chat_id)
        if row is None:
            raise no_chat()
        return await access_to(self._gate, caller, row.user_id, row.project_id)
