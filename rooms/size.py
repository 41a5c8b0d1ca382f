"""How large a document is: an upper bound that costs nothing, and the truth where the bound is not good enough.

The bound grows by whatever is merged. Text that was deleted again makes it too high, so when it passes the limit the
document is encoded to see. That takes up to 0.1 s, and somebody may try to write all the time: so it is done only when
something has changed since, and not too often. Called by document.py.
"""

from math import inf

from rooms.limits import SIZE_PAUSE
from rooms.replica import Replica


class Size:
    """Bytes of one document's full state."""

    __slots__ = ("_is_exact", "_measured", "bound")

    def __init__(self, bound: int) -> None:
        self.bound = bound
        """It has no more."""
        self._is_exact = False
        self._measured = -inf
        """When it was encoded, by the loop's clock."""

    def grow(self, more: int) -> None:
        """So many bytes were merged."""
        self.bound += more
        self._is_exact = False

    def has_room(self, more: int, most: int, replica: Replica, now: float) -> bool:
        """Whether it can grow by so many bytes and have no more than `most`; for a second it may say no in error."""
        if self.bound + more <= most:
            return True
        if self._is_exact or now < self._measured + SIZE_PAUSE:
            return False
        self.bound = len(replica.encode())
        self._is_exact, self._measured = True, now
        return self.bound + more <= most
