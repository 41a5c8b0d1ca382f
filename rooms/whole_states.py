"""The whole state of a document as one frame, for all who join the same version of it. Called by document.py."""

from rooms.codec import messages
from rooms.codec.frame import binary_frame
from rooms.limits import WHOLE_STATES_MAX
from rooms.replica import Replica


class WholeStates:
    """By address, since that is in the frame."""

    __slots__ = ("_frames",)

    def __init__(self) -> None:
        self._frames: dict[bytes, bytes] = {}

    def __len__(self) -> int:
        return len(self._frames)

    def frame(self, address: bytes, replica: Replica) -> bytes:
        """The step 2 for somebody who has nothing yet."""
        frame = self._frames.get(address)
        if frame is None:
            if len(self._frames) >= WHOLE_STATES_MAX:
                self._frames.clear()
            frame = self._frames[address] = binary_frame(address + messages.step_2(replica.encode()))
        return frame

    def forget(self) -> None:
        """The document is another one now."""
        self._frames.clear()
