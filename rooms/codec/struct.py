"""Where things lie in a struct of an update that was read already (see rooms/codec/update.py)."""

from rooms.codec.lib0 import read_var_bytes, read_var_uint
from rooms.codec.update import GC, ORIGIN, PARENT_KEY, RIGHT_ORIGIN, SKIP


def content_of(update: bytes, at: int) -> int:
    """Where the content of the struct at this offset stands."""
    info = update[at]
    at += 1
    if info & 0x1F in (GC, SKIP):
        return at
    for flag in (ORIGIN, RIGHT_ORIGIN):
        if info & flag:
            at = behind_id(update, at)
    if not info & (ORIGIN | RIGHT_ORIGIN):
        is_root, at = read_var_uint(update, at)
        at = read_var_bytes(update, at)[1] if is_root else behind_id(update, at)
        if info & PARENT_KEY:
            at = read_var_bytes(update, at)[1]
    return at


def behind_id(update: bytes, at: int) -> int:
    """The offset behind a client and a clock."""
    return read_var_uint(update, read_var_uint(update, at)[1])[1]
