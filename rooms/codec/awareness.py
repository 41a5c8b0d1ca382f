"""Awareness updates, read as far as a server must: ids and clocks. What a state says is the clients' own affair.

    awareness update   varUint(n), n × { varUint(client id), varUint(clock), varString(JSON or "null") }

Reading only this costs 0.8 us a message; pycrdt's Awareness, which parses the JSON, 5 us.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from rooms.codec.lib0 import read_var_bytes, read_var_uint, var_bytes, var_uint
from rooms.errors import Malformed, TooLarge
from rooms.limits import PRESENCE_MESSAGE_MAX, PRESENCE_STATE_MAX, PRESENCE_STATES_MAX

GONE = b"null"
CLOCK_END = 1 << 31
"""A client that counts once a second needs 68 years. Clocks are counted on here, and JavaScript ends at 2**53."""
COUNT_BYTES = 8
"""Longest encoding of how many states there are."""
_json = msgspec.json.Decoder()
_packer = msgspec.msgpack.Encoder()
_unpacker = msgspec.msgpack.Decoder(list[tuple[bytes, int, int, bytes]])


@dataclass(frozen=True, slots=True)
class State:
    client: int
    clock: int
    data: bytes
    """JSON as the client wrote it; `null` when the client left."""


def decode(update: bytes) -> list[State]:
    """All states in an awareness update; raises Malformed or TooLarge."""
    if len(update) > PRESENCE_MESSAGE_MAX:
        raise TooLarge(f"a presence message has more than {PRESENCE_MESSAGE_MAX} bytes")
    count, at = read_var_uint(update, 0)
    if count > PRESENCE_STATES_MAX:
        raise Malformed(f"a presence message has more than {PRESENCE_STATES_MAX} states")
    if count > len(update) // 3:
        raise Malformed("an awareness update claims more states than it has bytes")
    states = []
    for _ in range(count):
        client, at = read_var_uint(update, at)
        clock, at = read_var_uint(update, at)
        data, at = read_var_bytes(update, at)
        if len(data) > PRESENCE_STATE_MAX:
            raise TooLarge(f"a presence state has more than {PRESENCE_STATE_MAX} bytes")
        if clock >= CLOCK_END:
            raise Malformed("a presence clock is too high")
        # JSON with spaces around it may also say "null".
        states.append(State(client, clock, GONE if _read_json(data) is None else data))
    return states


def encode(states: Iterable[State]) -> bytes:
    """The inverse of decode."""
    return _joined([_encoded(state) for state in states])


def encode_in_parts(states: Iterable[State]) -> Iterator[bytes]:
    """The same in as many updates as it takes for each to pass `decode`, in case a client sends it back."""
    parts: list[bytes] = []
    size = 0
    for state in states:
        part = _encoded(state)
        if len(parts) == PRESENCE_STATES_MAX or size + len(part) > PRESENCE_MESSAGE_MAX - COUNT_BYTES:
            yield _joined(parts)
            parts, size = [], 0
        parts.append(part)
        size += len(part)
    if parts:
        yield _joined(parts)


def pack(shown: list[tuple[bytes, State]]) -> bytes:
    """States with the user ids of their owners, for other gateways."""
    return _packer.encode([(user, s.client, s.clock, s.data) for user, s in shown])


def unpack(data: bytes) -> list[tuple[bytes, State]]:
    """The inverse of pack."""
    return [(user, State(client, clock, text)) for user, client, clock, text in _unpacker.decode(data)]


def _encoded(state: State) -> bytes:
    return var_uint(state.client) + var_uint(state.clock) + var_bytes(state.data)


def _joined(parts: list[bytes]) -> bytes:
    return var_uint(len(parts)) + b"".join(parts)


def _read_json(data: bytes) -> object:
    # Stock clients call JSON.parse on what they are sent and die of what is not JSON.
    try:
        return _json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Malformed("a presence state is not JSON") from None
