"""The load generator's WebSocket frames (loadtest/frames.py)."""

import pytest

from loadtest.frames import BINARY, PING, WireError, announced, mask, split, split_upgrade, upgrade_request


def server_frame(payload: bytes, opcode: int = BINARY) -> bytes:
    """What a server sends: the client's frame without its mask."""
    masked = mask(payload, opcode)
    head = len(masked) - len(payload) - 4
    return bytes([masked[0], masked[1] & 0x7F]) + masked[2:head] + payload


@pytest.mark.parametrize("length", [0, 1, 125, 126, 0xFFFF, 0x10000])
def test_a_frame_of_any_length_is_read_back(length: int) -> None:
    """A payload comes out as it went in, whichever of the three length forms it takes."""
    payload = b"x" * length
    frames, tail = split(server_frame(payload))
    assert [frame.payload for frame in frames] == [payload]
    assert tail == b""


@pytest.mark.parametrize("length", [0, 1, 125, 126, 0xFFFF, 0x10000])
def test_a_client_masks_with_a_zero_key(length: int) -> None:
    """The mask bit is set, the key is zero, and so the payload stands in the frame as it is."""
    frame = mask(b"y" * length)
    assert frame[1] & 0x80
    assert frame.endswith(b"\0\0\0\0" + b"y" * length)


def test_a_stream_cut_anywhere_gives_the_same_frames() -> None:
    """Wherever TCP cuts the stream, the frames are the same, and none is read before it is whole."""
    stream = server_frame(b"one") + server_frame(b"", PING) + server_frame(b"z" * 300)
    whole, _ = split(stream)
    for cut in range(len(stream) + 1):
        first, tail = split(stream[:cut])
        rest, end = split(tail + stream[cut:])
        assert first + rest == whole
        assert end == b""


def test_an_incomplete_frame_tells_its_length() -> None:
    """A joiner of a large document knows from a frame's head how many bytes to wait for."""
    frame = server_frame(b"z" * 70_000)
    assert announced(frame[:1]) == 0
    assert announced(frame[:9]) == 0
    assert announced(frame[:10]) == len(frame)


@pytest.mark.parametrize("head", [b"\x81\x00", b"\x02\x00", b"\xc2\x00", b"\x82\x80"])
def test_frames_that_nobody_asked_for_are_refused(head: bytes) -> None:
    """Text, fragments, compression and masked server frames void a measurement instead of being misread."""
    with pytest.raises(WireError):
        split(head)


def test_an_upgrade_is_complete_with_its_head() -> None:
    """Nothing is read before the head's end; what follows it are frames."""
    answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
    assert split_upgrade(answer[:-1]) is None
    assert split_upgrade(answer + b"\x82\x00") == b"\x82\x00"
    assert b"GET /a?b=c HTTP/1.1\r\n" in upgrade_request("127.0.0.1", 1, "/a?b=c")


def test_a_refused_upgrade_says_why() -> None:
    """Any other status is an error that shows the server's words."""
    with pytest.raises(WireError, match=r"403 Forbidden.*no role"):
        split_upgrade(b"HTTP/1.1 403 Forbidden\r\n\r\nno role")
