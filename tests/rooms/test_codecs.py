"""The wire codecs: what they write they read, and what is cut, too long or a lie they refuse."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rooms.codec import awareness, hocuspocus, messages, ywebsocket
from rooms.codec.awareness import CLOCK_END, State
from rooms.codec.lib0 import MAX_SAFE_INTEGER, read_var_bytes, read_var_string, read_var_uint, var_bytes, var_uint
from rooms.codec.messages import AwarenessUpdate, QueryAwareness, SyncStep1, SyncStep2, Update
from rooms.errors import Malformed, RoomsError, TooLarge
from rooms.limits import ADDRESS_MAX, PRESENCE_STATE_MAX, STATE_VECTOR_MAX

UINTS = st.integers(0, MAX_SAFE_INTEGER)
STATES = st.builds(
    State, UINTS, st.integers(0, CLOCK_END - 1), st.sampled_from((b"{}", b"null", b'{"a":[1,"\xc3\xa9"]}'))
)


@given(UINTS, st.binary(max_size=3))
def test_integers_come_back(value: int, behind: bytes) -> None:
    """What var_uint writes, read_var_uint reads, and stops there."""
    data = var_uint(value)
    assert read_var_uint(data + behind, 0) == (value, len(data))
    for end in range(len(data)):
        with pytest.raises(Malformed):
            read_var_uint(data[:end], 0)


@pytest.mark.parametrize("data", ["ffffffffffffff10", "80808080808080808001", "ff" * 20, "", "80", "ff"])
def test_integers_that_javascript_lacks(data: str) -> None:
    """[L1] An integer of 2**53 and more, or one without an end, is refused: clients would throw at it."""
    with pytest.raises(Malformed):
        read_var_uint(bytes.fromhex(data), 0)


@given(st.binary(max_size=300), st.integers(1, 1 << 40))
def test_lengths_that_lie(data: bytes, more: int) -> None:
    """[L1] A length beyond the end is refused, without memory for it."""
    assert read_var_bytes(var_bytes(data), 0)[0] == data
    with pytest.raises(Malformed):
        read_var_bytes(var_uint(len(data) + more) + data, 0)


def test_state_vector_max() -> None:
    """STATE_VECTOR_MAX: a client that knows of more than the largest document has is refused."""
    assert messages.decode_sync(messages.step_1(bytes(STATE_VECTOR_MAX))[1:], 0) == SyncStep1(bytes(STATE_VECTOR_MAX))
    with pytest.raises(TooLarge):
        messages.decode_sync(messages.step_1(bytes(STATE_VECTOR_MAX + 1))[1:], 0)


@pytest.mark.parametrize("text", [b"\xff", b"\xed\xa0\x80", b"\xc3", b"\xf5\x80\x80\x80", b"\xc0\x80"])
def test_strings_that_are_not_utf8(text: bytes) -> None:
    """[L1] Strings are UTF-8, without surrogates."""
    with pytest.raises(Malformed):
        read_var_string(var_bytes(text), 0)


@given(st.binary(max_size=200))
def test_y_websocket_comes_back(data: bytes) -> None:
    """Every message of the dialect is read as it was written, and none when it is cut."""
    for body, message in (
        (messages.step_1(data), SyncStep1(data)),
        (messages.step_2(data), SyncStep2(data)),
        (messages.update(data), Update(data)),
        (messages.awareness(data), AwarenessUpdate(data)),
    ):
        assert ywebsocket.decode(body) == message
        assert hocuspocus.decode_body(body, 0) == message
        for end in range(len(body)):
            with pytest.raises(Malformed):
                ywebsocket.decode(body[:end])


@given(st.binary(max_size=200))
def test_the_short_cut_agrees(data: bytes) -> None:
    """What the fast path of updates takes, it takes as the slow one does."""
    for message in (data, messages.update(data), messages.update(data) + b"\0", b"\x00\x02" + data):
        short = ywebsocket.update_in(message)
        if short is not None:
            assert ywebsocket.decode(message) == Update(short)


@given(st.binary(max_size=60))
def test_garbage_is_refused_and_nothing_else(data: bytes) -> None:
    """[L1] Whatever the bytes, a decoder answers with a message or with one of our errors."""
    for decode in (
        ywebsocket.decode,
        lambda d: hocuspocus.decode_body(d, 0),
        awareness.decode,
        hocuspocus.read_address,
    ):
        try:
            decode(data)
        except RoomsError as error:
            assert str(error)


@pytest.mark.parametrize("kind", [4, 5, 100, 126, 128, 1 << 40])
def test_unknown_types_of_y_websocket_are_ignored(kind: int) -> None:
    """A message of a type that is not for a server says nothing, as in y-websocket's own server."""
    assert ywebsocket.decode(var_uint(kind) + b"\x01x") is None
    assert ywebsocket.decode(b"\x03") == QueryAwareness()


@pytest.mark.parametrize("kind", [6, 8, 9, 10, 11, 1 << 40])
def test_unknown_types_of_hocuspocus_are_refused(kind: int) -> None:
    """[L1] Types that only servers send, or nobody, are malformed."""
    with pytest.raises(Malformed):
        hocuspocus.decode_body(var_uint(kind) + b"\x00", 0)


@pytest.mark.parametrize("kind", [3, 4, 127, 1 << 40])
def test_unknown_sync_messages(kind: int) -> None:
    """[L1] Sync has three kinds of messages."""
    with pytest.raises(Malformed):
        ywebsocket.decode(b"\x00" + var_uint(kind) + b"\x00")


def test_hocuspocus_addresses() -> None:
    """[L1] An address has at most ADDRESS_MAX bytes, and its name is UTF-8; behind a NUL stands a session."""
    longest = b"a" * ADDRESS_MAX
    assert hocuspocus.read_address(var_bytes(longest) + b"\x03") == (longest, ADDRESS_MAX + 2)
    with pytest.raises(Malformed):
        hocuspocus.read_address(var_bytes(longest + b"a"))
    assert hocuspocus.name_in(b"p/d\x00xl") == "p/d"
    with pytest.raises(Malformed):
        hocuspocus.name_in(b"\xff\x00")


@given(st.lists(STATES, max_size=5))
def test_presence_comes_back(states: list[State]) -> None:
    """Awareness is read as it was written, and never when it is cut."""
    data = awareness.encode(states)
    assert awareness.decode(data) == states
    for end in range(len(data) if states else 0):
        with pytest.raises(Malformed):
            awareness.decode(data[:end])


@pytest.mark.parametrize(
    "data", [b"", b"{", b"NaN", b"\xff", b'"\xff"', b"undefined", b"{}{}", b"\xef\xbb\xbf{}", b"[" * 9000, b"\x00"]
)
def test_presence_is_json(data: bytes) -> None:
    """[L1] Stock clients parse presence without a guard, so what is not JSON is refused."""
    with pytest.raises(Malformed):
        awareness.decode(awareness.encode([State(1, 1, data)]))


def test_presence_limits() -> None:
    """[L2] A state above 16 KiB is too large; a clock that nobody reaches, or more states than bytes, is malformed."""
    largest = b'"' + b"x" * (PRESENCE_STATE_MAX - 2) + b'"'
    assert awareness.decode(awareness.encode([State(1, 1, largest)]))[0].data == largest
    with pytest.raises(TooLarge):
        awareness.decode(awareness.encode([State(1, 1, largest[:-1] + b'x"')]))
    with pytest.raises(Malformed):
        awareness.decode(awareness.encode([State(1, CLOCK_END, b"{}")]))
    with pytest.raises(Malformed):
        awareness.decode(var_uint(1 << 40) + b"\x01\x01\x02{}")
    assert awareness.decode(awareness.encode([State(1, 1, b" null ")])) == [State(1, 1, b"null")]
