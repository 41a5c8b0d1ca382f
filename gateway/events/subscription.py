"""One client's place in one topic's log. Moved on by hub.py, made by session.py, ended by the watch over accesses.

behind ──reads the log──► at its end ──► live ──announcements──► (missed one, or the socket is full) ──► behind
"""

from typing import Final, Protocol

from gateway.access import Access, Denied
from gateway.events.frames import WEBSOCKET, Framing
from schemas.close_codes import CloseCode
from schemas.documents import DocumentName

FOR_MEMBERS: Final = ("chat:", "stream:")
"""Topics that are not public where their project is."""


class Outlet(Protocol):
    """The session, as its subscriptions see it."""

    @property
    def full(self) -> bool:
        """The socket takes no more for now, or never will."""

    def write(self, frames: bytes) -> None:
        """Whole frames, to the client."""

    def lost(self, subscription: "Subscription", denied: Denied) -> None:
        """It may not follow this topic any more."""


class Subscription:
    """From `subscribe` to `unsubscribe`."""

    __slots__ = ("access", "catching_up", "document_name", "framing", "live", "number", "outlet", "seen", "topic")

    def __init__(self, topic: str, outlet: Outlet, access: Access, framing: Framing = WEBSOCKET) -> None:
        self.topic = topic
        self.framing = framing
        self.outlet = outlet
        self.access = access
        """In which project, by what right; watched where the topic lies in one."""
        self.number = 0
        """The client has all records up to this one."""
        self.seen = 0
        """Announcements of the topic that there had been when the log was last read for it."""
        self.live = False
        """It gets what is announced; otherwise it reads the log."""
        self.catching_up = True
        """It is being moved on; at first by whoever subscribes."""
        self.document_name: DocumentName | None = None

    # Watched (access_watch.py)

    def access_changed(self, access: Access) -> None:
        """Another role: whoever may read a project may follow it, and members see more of it (frames.py)."""
        self.access = access
        if not access.is_member and self.topic.startswith(FOR_MEMBERS):
            self.outlet.lost(self, Denied(CloseCode.FORBIDDEN, "you are not a member of this project"))

    def access_ended(self, denied: Denied) -> None:
        """No role any more."""
        self.outlet.lost(self, denied)
