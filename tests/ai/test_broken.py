"""Answers that break off, and bytes that are no answer: they fail in words, never with an exception."""

import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_router.formats.decoding import BROKE_OFF
from ai_router.formats.limits import EVENT_BYTES_MAX, MESSAGE_MAX
from ai_router.heard import Delta, Failed, Finished, Heard
from tests.ai.answers import ANSWERS, OLLAMA, OPENAI, Answer, hear

each_answer = pytest.mark.parametrize("answer", ANSWERS, ids=str)
streams = pytest.mark.parametrize("answer", [each for each in ANSWERS if each is not OLLAMA], ids=str)


def ends_once(heard: list[Heard]) -> bool:
    """One end, and nothing behind it."""
    return [isinstance(each, Finished | Failed) for each in heard] == [False] * (len(heard) - 1) + [True]


@each_answer
def test_broken_off_anywhere(answer: Answer) -> None:
    """Broken off at any byte, an answer says a part of it, and then that it broke off; unless that was all."""
    shown = [each for each in answer.says if isinstance(each, Delta)]
    for cut in range(len(answer.sent)):
        heard = hear(answer.decoder(), [answer.sent[:cut]])
        assert ends_once(heard)
        deltas = [each for each in heard if isinstance(each, Delta)]
        assert deltas == shown[: len(deltas)]
        assert heard[-1] == BROKE_OFF or (isinstance(heard[-1], Finished) and deltas == shown), (cut, heard)


@each_answer
@given(garbage=st.binary(max_size=200))
def test_garbage(answer: Answer, garbage: bytes) -> None:
    """Bytes of any kind are an answer that failed."""
    heard = hear(answer.decoder(), [garbage])
    assert ends_once(heard)


@each_answer
@given(at=st.integers(0, 10_000), garbage=st.binary(min_size=1, max_size=20))
def test_damaged(answer: Answer, at: int, garbage: bytes) -> None:
    """An answer with damage in the middle raises nothing and ends once."""
    at %= len(answer.sent)
    assert ends_once(hear(answer.decoder(), [answer.sent[:at] + garbage + answer.sent[at + len(garbage) :]]))


NO_JSON = [b"not json", b"{", b"[1,2]", b"17", b'"text"', b"null", b"[" * 100_000, b'{"a":' * 100_000, b"\xff\xfe"]
NO_EVENTS = [b"<html>\n<body>Sign in</body>", b"Bad Gateway", b"\x1f\x8b\x08\x00\x12\n\n", b"\xff\xfe\x00d\x00a"]


@streams
@pytest.mark.parametrize("data", NO_JSON)
def test_events_of_something_else(answer: Answer, data: bytes) -> None:
    """Data that is not of the format is malformed, at once."""
    (failure,) = answer.decoder().feed(b"data: " + data + b"\n\n")
    assert isinstance(failure, Failed)
    assert failure.kind == "malformed"


@pytest.mark.parametrize("data", NO_JSON)
def test_lines_of_something_else(data: bytes) -> None:
    """So are lines of Ollama's."""
    (failure,) = OLLAMA.decoder().feed(data + b"\n")
    assert isinstance(failure, Failed)
    assert failure.kind == "malformed"


@streams
@pytest.mark.parametrize("data", NO_EVENTS)
def test_something_else_than_events(answer: Answer, data: bytes) -> None:
    """A page or an archive instead of events is malformed, and not merely over too early."""
    *_, failure = hear(answer.decoder(), [data])
    assert isinstance(failure, Failed)
    assert failure.kind == "malformed"


@each_answer
def test_an_endless_event(answer: Answer) -> None:
    """An event without an end takes the memory of one event, then it is malformed."""
    decoder, piece = answer.decoder(), b"data: " + b"x" * 65_530
    tracemalloc.start()
    try:
        heard = [each for _ in range(3 * EVENT_BYTES_MAX // len(piece)) for each in decoder.feed(piece)]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [each.kind for each in heard if isinstance(each, Failed)] == ["malformed"]
    assert len(heard) == 1
    assert peak < 4 * EVENT_BYTES_MAX


@streams
@pytest.mark.parametrize("line", [b"data:\n", b"data\n", b"data: " + b"x" * 1000 + b"\n", b"{" + b"x" * 1000 + b"\n"])
def test_endless_lines_of_one_event(answer: Answer, line: bytes) -> None:
    """So does one of many lines, though they hold nothing."""
    decoder, piece = answer.decoder(), line * (65_536 // len(line))
    for _ in range(8 * EVENT_BYTES_MAX // len(piece)):
        if heard := decoder.feed(piece):
            break
    assert [each.kind for each in heard if isinstance(each, Failed)] == ["malformed"]


@streams
def test_comments_take_nothing(answer: Answer) -> None:
    """Comments may go on for ever, also without blank lines between them."""
    decoder, piece = answer.decoder(), b": keep-alive\n" * 5_000
    for _ in range(2 * EVENT_BYTES_MAX // len(piece)):
        assert decoder.feed(piece) == []
    assert hear(decoder, [b"\n" + answer.sent]) == list(answer.says)


@each_answer
def test_small_pieces_take_linear_time(answer: Answer) -> None:
    """A large event in bytes takes a second or so, not an hour."""
    decoder, begin = answer.decoder(), time.perf_counter()
    for _ in range(500_000):
        decoder.feed(b"x")
    assert time.perf_counter() - begin < 30
    assert len(hear(decoder, [])) == 1


def test_messages_are_short() -> None:
    """What is said about a failure is for people to read."""
    (failure,) = OPENAI.decoder().feed(b'data: {"error":{"message":"' + b"too long " * 10_000 + b'"}}\n\n')
    assert isinstance(failure, Failed)
    assert len(failure.message) == MESSAGE_MAX
