"""The reader of WebSocket frames, against wsproto's as a reference, in every way that bytes can be cut."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto.frame_protocol import FrameProtocol, Opcode

from gateway.sockets.frames import (
    CLOSE,
    CONTROL_MAX,
    FRAGMENTS_MAX,
    PING,
    PONG,
    Control,
    FrameReader,
    ProtocolError,
    close_frame,
    small_message,
    unmask,
)
from gateway.sockets.limits import FRAME_MAX
from rooms.codec.frame import binary_frame

MASK = b"\x01\x80\xff\x20"


def frame(payload: bytes, opcode: int = 2, *, final: bool = True, mask: bytes = MASK, reserved: int = 0) -> bytes:
    """A frame as a client writes it."""
    first = (0x80 if final else 0) | reserved | opcode
    size = len(payload)
    if size < 126:
        head = bytes((first, 0x80 | size))
    elif size < 1 << 16:
        head = bytes((first, 0xFE)) + size.to_bytes(2, "big")
    else:
        head = bytes((first, 0xFF)) + size.to_bytes(8, "big")
    return head + mask + bytes(byte ^ mask[i & 3] for i, byte in enumerate(payload))


def read(pieces: Iterable[bytes], reader: FrameReader | None = None) -> list[bytes | Control]:
    """All that a reader makes of the pieces."""
    reader = reader or FrameReader()
    return [message for piece in pieces for message in reader.feed(piece)]


def reference(data: bytes) -> list[bytes | Control]:
    """The same by wsproto."""
    protocol = FrameProtocol(client=False, extensions=[])
    protocol.receive_bytes(data)
    seen: list[bytes | Control] = []
    gathered = b""
    for event in protocol.received_frames():
        content: Any = event.payload
        if event.opcode is Opcode.BINARY:
            gathered += bytes(content)
            if event.message_finished:
                seen.append(gathered)
                gathered = b""
        elif event.opcode is Opcode.CLOSE:
            seen.append(Control(CLOSE, int(content[0]).to_bytes(2, "big") + (content[1] or "").encode()))
        else:
            seen.append(Control(int(event.opcode), bytes(content)))
    return seen


@st.composite
def conversations(draw: st.DrawFn) -> bytes:
    """Messages whole and in fragments, with control frames between and inside them."""
    parts = []
    for payload in draw(st.lists(st.binary(max_size=200) | st.just(b"x" * 70_000), min_size=1, max_size=4)):
        cuts = sorted(draw(st.lists(st.integers(0, len(payload)), max_size=3)))
        pieces = [payload[a:b] for a, b in zip([0, *cuts], [*cuts, len(payload)], strict=True)]
        for i, piece in enumerate(pieces):
            parts.append(
                frame(piece, 0 if i else 2, final=i == len(pieces) - 1, mask=draw(st.sampled_from((MASK, bytes(4)))))
            )
            if draw(st.booleans()):
                parts.append(frame(draw(st.binary(max_size=125)), draw(st.sampled_from((PING, PONG)))))
    parts.append(frame(b"\x03\xe8bye", CLOSE))
    return b"".join(parts)


@given(conversations(), st.randoms(use_true_random=False))
def test_any_cut_gives_what_the_reference_reads(data: bytes, random_: random.Random) -> None:
    """However the bytes come, the messages are those that wsproto reads from the whole."""
    cuts = sorted(random_.randrange(len(data) + 1) for _ in range(random_.randrange(8)))
    pieces = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True) if a < b]
    assert read(pieces) == reference(data)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 300, 65_535, 65_536])
def test_every_split_of_a_frame(size: int) -> None:
    """Cut anywhere near its head or its end, or byte by byte, a frame is read once, and what follows it too."""
    payload = bytes(i & 0xFF for i in range(size))
    data = frame(payload) + frame(b"next")
    ends = {*range(1, 20), *range(len(data) - 20, len(data))}
    for end in ends & set(range(1, len(data))):
        assert read([data[:end], data[end:]]) == [payload, b"next"]
    if size <= 300:
        assert read(data[i : i + 1] for i in range(len(data))) == [payload, b"next"]


@given(st.binary(max_size=200), st.binary(max_size=10))
def test_the_short_cut_for_small_messages_agrees(payload: bytes, behind: bytes) -> None:
    """What the fast path takes is what the reader reads; anything else it leaves alone."""
    data = frame(payload) + behind
    small = small_message(data)
    if small is not None:
        assert read([data]) == [small]
    else:
        assert behind or not 0 < len(payload) < 126


@given(conversations(), st.randoms(use_true_random=False), st.integers(0, 10))
def test_a_reader_that_leaves(data: bytes, random_: random.Random, after: int) -> None:
    """[L6] Once the connection closes nothing large is kept, and the client's close frame is found behind anything."""
    cuts = sorted(random_.randrange(len(data) + 1) for _ in range(random_.randrange(12)))
    pieces = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True) if a < b]
    reader = FrameReader()
    seen: list[bytes | Control] = []
    for number, piece in enumerate(pieces):
        if number == after:
            reader.leave()
        for message in reader.feed(piece):
            seen.append(message)
            if len(seen) == after:
                reader.leave()  # in the middle of what came together
        assert number < after or reader.held <= CONTROL_MAX
    assert seen[-1] == Control(CLOSE, b"\x03\xe8bye")


BROKEN = {
    "unmasked": (binary_frame(b"x"), 1002),
    "text": (frame(b"hi", 1), 1003),
    "text in fragments": (frame(b"h", 1, final=False), 1003),
    "reserved bit": (frame(b"x", reserved=0x40), 1002),
    "unknown opcode": (frame(b"x", 3), 1002),
    "unknown control": (frame(b"x", 11), 1002),
    "continuation of nothing": (frame(b"x", 0), 1002),
    "a message inside a message": (frame(b"a", final=False) + frame(b"b"), 1002),
    "fragmented ping": (frame(b"x", PING, final=False), 1002),
    "long ping": (frame(b"x" * 126, PING), 1002),
    "close of one byte": (frame(b"\x03", CLOSE), 1002),
    "close with a code that is never sent": (frame(b"\x03\xee", CLOSE), 1002),
    "close with a reason that is not UTF-8": (frame(b"\x03\xe8\xff", CLOSE), 1002),
    "too long": (b"\x82\xff" + (FRAME_MAX + 1).to_bytes(8, "big") + MASK, 1009),
    "longer than memory": (b"\x82\xff" + b"\xff" * 8 + MASK, 1009),
    "too many fragments": (frame(b"", final=False) + frame(b"", 0, final=False) * FRAGMENTS_MAX, 1009),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_framing(case: str) -> None:
    """[L1] [L2] Each breach of RFC 6455 has its code, at once: also when the rest never comes."""
    data, code = BROKEN[case]
    with pytest.raises(ProtocolError) as refusal:
        read([data])
    assert refusal.value.code == code
    assert str(refusal.value)
    assert close_frame(code, str(refusal.value))[1] <= 125


def test_fragments_together_are_limited() -> None:
    """[L2] The limit of a message counts all of its fragments."""
    reader = FrameReader(most=1000)
    assert read([frame(b"x" * 1000)], reader) == [b"x" * 1000]
    with pytest.raises(ProtocolError) as refusal:
        read([frame(b"x" * 600, final=False), frame(b"x" * 401, 0)], reader)
    assert refusal.value.code == 1009


@given(st.binary(max_size=70_000), st.binary(min_size=4, max_size=4))
def test_masks(data: bytes, mask: bytes) -> None:
    """Unmasking twice gives back the bytes."""
    assert unmask(unmask(data, mask), mask) == data


@given(st.binary(max_size=400))
def test_garbage_is_a_protocol_error_or_waits(data: bytes) -> None:
    """[L1] Whatever the bytes: messages, silence, or a ProtocolError."""
    try:
        read([data])
    except ProtocolError as error:
        assert error.code in (1002, 1003, 1009)
