"""Somebody's place in a chat, and what they may do there. Used by the routes and the live side."""

from dataclasses import dataclass
from uuid import UUID

from gateway.access import Access
from gateway.auth.caller import Caller
from gateway.chats.access import access_to, no_chat
from gateway.parts import Parts
from gateway.refusals import Forbidden
from schemas.roles import Role
from store.chats import ChatRow, find_chat


@dataclass(frozen=True, slots=True)
class Seat:
    """Somebody in a chat."""

    chat: ChatRow
    caller: Caller
    access: Access

    @property
    def role(self) -> Role:
        """One's own chat: owner."""
        return Role.OWNER if self.chat.project_id is None else self.access.role

    def must_manage(self) -> None:
        """Raises Forbidden for those who may not rename or delete it."""
        if self.chat.user_id != self.caller.user_id and self.role < Role.ADMIN:
            raise Forbidden("only who made the chat, or an administrator of its project")


async def enter(parts: Parts, caller: Caller, chat_id: UUID) -> Seat:
    """The caller's place in a chat. Raises Missing, Forbidden, Denied or StoreUnavailable."""
    row = await find_chat(parts.postgres, chat_id)
    if row is None:
        raise no_chat()
    return Seat(row, caller, await access_to(parts.gate, caller, row.user_id, row.project_id))
