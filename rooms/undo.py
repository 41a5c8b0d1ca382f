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
    """In a copy of the document, of what the typist with this client id did; nothing where there is nothing of it."""
    end = read_state_vector(scratch.begin).get(client, 0)
    if end:
        # A delete set of one range (Yjs update v1).
        scratch.doc.apply_update(_NO_STRUCTS + b"\x01" + var_uint(client) + b"\x01\x00" + var_uint(end))
        yield
    if aim.erased:
        own = scratch.doc.client_id
        scratch.doc.apply_update(insertion(own, 0, aim.left, aim.right, aim.erased))
        yield
