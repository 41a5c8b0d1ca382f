"""Awareness updates: what an editor's cursor looks like on the wire. Used by the cursor shape and the locust users.

varUint n, n × (varUint clientID, varUint clock, varString JSON or "null")
"""

from typing import NamedTuple

from loadtest.updates import FIRST_CLIENT_ID
from loadtest.varint import Reader, write_string, write_uint


class Seen(NamedTuple):
    """A state number `clock` of `author`."""

    author: int
    clock: int


def cursor(author: int, clock: int) -> bytes:
    """One editor's state as y-codemirror shares it: name, colours, and a selection in relative positions."""
    client = FIRST_CLIENT_ID + author
    position = f'{{"type":null,"tname":"content","item":{{"client":{client},"clock":{clock}}},"assoc":0}}'
    state = (
        f'{{"user":{{"name":"Editor {author}","color":"#30bced","colorLight":"#30bced33"}},'
        f'"cursor":{{"anchor":{position},"head":{position}}}}}'
    )
    return b"\x01" + write_uint(client) + write_uint(clock) + write_string(state)


def states(update: bytes) -> tuple[Seen, ...]:
    """Who is in an awareness update, and at which clock. The JSON is left alone; clients that are leaving do not
    count.
    """
    reader = Reader(update)
    found = []
    for _ in range(reader.uint()):
        client, clock = reader.uint(), reader.uint()
        if reader.bytes() != b"null":
            found.append(Seen(client - FIRST_CLIENT_ID, clock))
    return tuple(found)
