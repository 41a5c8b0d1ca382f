"""What is new in an update, and where it would stand: what has to be known before it may be merged (places.py)."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from rooms.codec.lib0 import client_key
from rooms.codec.plain import Keystroke, read_keystroke
from rooms.codec.trim import trimmed
from rooms.codec.update import Claims, read, read_in_slices
from rooms.errors import Early, Malformed
from rooms.places import UNFIT, Places
from rooms.placing import Found, placed
from rooms.slices import Slices, at_once

NOTHING: Final = Found()
NO_CLAIMS: Final = Claims()
NO_CLOCKS: Final[dict[bytes, int]] = {}


class Checked(NamedTuple):
    """An update that may be merged, as long as nothing else of its clients is."""

    update: bytes
    """Without what was known already of structs that are new in part."""
    claims: Claims
    """NO_CLAIMS where nobody had to read them."""
    found: Found
    known: dict[bytes, int]
    """The clocks of its clients that were known; clients by their lib0 bytes."""
    stroke: Keystroke | None = None
    """It is a keystroke, and so nothing but this and its place is known of it."""
    place: int = 0

    def is_current(self, clocks: Mapping[bytes, int]) -> bool:
        """Whether nothing of its clients was merged since."""
        return all(clocks.get(client, 0) == clock for client, clock in self.known.items())

    def as_merged(self, delta: bytes, claims: Claims, places: Places | None) -> "Slices[Checked]":
        """The same by what the CRDT made of it, since that is what others learn: structs without a parent are dropped.

        `claims`: of the delta, read with its layout.
        """
        if places is None or not self.found.ranges:
            return self
        return self._replace(found=(yield from placed(delta, claims, self.known, places, strict=False)))


def check(update: bytes, claims: Claims, places: Places, clocks: Mapping[bytes, int]) -> Slices[Checked]:
    """An update all whose needs are there; raises Unsound, or Malformed."""
    sections = [(client_key(client), begin, end) for client, begin, end in claims.sections]
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


def read_for(places: Places | None, update: bytes) -> Claims:
    """What an update says, at once with its layout where `check` will want it; raises Malformed."""
    return at_once(read_in_slices(update)) if places is not None and places.known else read(update)


def look(update: bytes, places: Places, clocks: Mapping[bytes, int]) -> Checked:
    """The same of an update from the log; raises Unsound or Early."""
    keystroke = read_keystroke(update)
    if keystroke is not None and (not keystroke.end or keystroke.clock == clocks.get(keystroke.client, 0)):
        for client, clock in keystroke.needs:
            if clock >= clocks.get(client, 0):
                break
        else:
            place = places.of_stroke(keystroke)
            if place != UNFIT:
                return Checked(update, NO_CLAIMS, NOTHING, NO_CLOCKS, keystroke, place)
    try:
        claims = read_for(places, update)
    except Malformed:
        return Checked(update, NO_CLAIMS, NOTHING, {})  # by the rules of an earlier version
    if not claims.are_met(clocks):
        raise Early("it depends on what is not there")
    return at_once(check(update, claims, places, clocks))
