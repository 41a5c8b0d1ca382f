"""Takes back what a typist did, as one edit: all that it typed goes, and what it removed comes back. Used by REST.

Whatever others typed meanwhile stays, also inside of it.
"""

from typing import Final

from rooms.codec.lib0 import var_uint
from rooms.crdt import read_state_vector
from rooms.scratch import Scratch
from rooms.slices import Slices
from rooms.typist import Aim, insertion

_NO_STRUCTS: Final = b"\x00"


def undo(scratch: Scratch, client: int, aim: Aim) -> Slices[None]:
    """In a copy of the document, of what the typist with this client id did; nothing where there is nothing of it.

    What comes back has one client id for each edit, so that two who undo at the same moment bring it back once.
    """
    known = read_state_vector(scratch.begin)
    end, restorer = known.get(client, 0), client ^ 1
    if not end:
        return  # its first word comes together with what it removes
    # A delete set of one range (Yjs update v1).
    scratch.doc.apply_update(_NO_STRUCTS + b"\x01" + var_uint(client) + b"\x01\x00" + var_uint(end))
    yield
    if aim.erased and restorer not in known:
        scratch.doc.apply_update(insertion(restorer, 0, aim.left, aim.right, aim.erased))
        yield
