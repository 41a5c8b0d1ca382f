"""What is new in an update, and where it would stand: what has to be known before it may be merged (places.py)."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from rooms.codec.lib0 import var_uint
from rooms.codec.trim import trimmed
from rooms.codec.update import Claims, read_in_slices
from rooms.places import Places
from rooms.placing import Found, placed
from rooms.slices import Slices

NOTHING: Final = Found()
NO_CLAIMS: Final = Claims()


class Checked(NamedTuple):
    """An update that may be merged, as long as nothing else of its clients is."""

    update: bytes
    """Without what was known already of structs that are new in part."""
    claims: Claims
    """NO_CLAIMS where nobody had to read them."""
    found: Found
    known: dict[bytes, int]
    """The clocks of its clients that were known; clients by their lib0 bytes."""

    def is_current(self, clocks: Mapping[bytes, int]) -> bool:
        """Whether nothing of its clients was merged since."""
        return all(clocks.get(client, 0) == clock for client, clock in self.known.items())


def check(update: bytes, claims: Claims, places: Places, clocks: Mapping[bytes, int]) -> Slices[Checked]:
    """An update all whose needs are there; raises Unsound, or Malformed."""
    sections = [(var_uint(client), begin, end) for client, begin, end in claims.sections]
    known = {client: clocks.get(client, 0) for client, _, _ in sections}
    matters = bool(places.known) or claims.is_nested
    if claims.layout is None:
        if not matters and not any(begin < known[client] < end for client, begin, end in sections):
            return Checked(update, claims, NOTHING, known)
        claims = yield from read_in_slices(update)
    rest = trimmed(update, claims, known)
    if rest is not None:
        update, claims = rest, (yield from read_in_slices(rest))
    found = (yield from placed(update, claims, known, places)) if matters else NOTHING
    return Checked(update, claims, found, known)
