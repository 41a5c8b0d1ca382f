"""One connection's seat in one document: who it is, where its frames go, and what it is still owed."""

from collections.abc import Callable

from rooms.ports import Outlet


class Peer:
    """A Hocuspocus connection has one for each of its documents, a y-websocket connection exactly one."""

    __slots__ = ("address", "had", "may_write", "outlet", "paused", "synced", "unhealed", "user", "write")

    def __init__(
        self,
        *,
        write: Callable[[bytes], None],
        outlet: Outlet,
        user: bytes,
        may_write: bool,
        address: bytes = b"",
    ) -> None:
        self.write = write
        """Puts a frame on the socket; never blocks. Not called while `paused`."""
        self.outlet = outlet
        self.user = user
        """The user's id, 16 bytes."""
        self.may_write = may_write
        self.address = address
        """What stands before each message to it: empty for y-websocket."""
        self.paused = False
        """Its socket takes no more for now; it gets one diff when it does."""
        self.had = b""
        """While paused: the state vector of what was written to it."""
        self.synced = False
        """It asked for the document's state, so it gets what is new."""
        self.unhealed: list[bytes] = []
        """Edits whose acknowledgement waits until the gap before them is closed (document.py)."""
