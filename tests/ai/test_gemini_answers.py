"""What Gemini really sends (ai_router/formats/gemini.py)."""

import pytest

from ai_router.formats.decoding import BROKE_OFF
from ai_router.formats.gemini import Gemini
from ai_router.heard import Delta, Failed, Finished, Heard, Reason, Usage
from tests.ai.answers import hear, piece, sse

COUNT = '"promptTokenCount": 15,"totalTokenCount": 15'
TEXT = piece('{"text": "a"}', COUNT)


def heard(*data: str) -> list[Heard]:
    """What these pieces say."""
    return hear(Gemini().decoder(), [sse(*data, end="\r\n")])


@pytest.mark.parametrize(
    ("reason", "meant"),
    [
        *(("STOP", "stop"), ("MAX_TOKENS", "length"), ("SAFETY", "filter"), ("RECITATION", "filter")),
        *(("PROHIBITED_CONTENT", "filter"), ("OTHER", "other"), ("MALFORMED_FUNCTION_CALL", "other"), ("NEW", "other")),
    ],
)
def test_reasons(reason: str, meant: Reason) -> None:
    """Finish reasons are told apart, and unknown ones tolerated."""
    assert heard(TEXT, piece("", COUNT, reason)) == [Usage(15), Delta("a"), Finished(meant)]


def test_a_last_piece_without_parts() -> None:
    """The last piece may have a reason and no content."""
    last = '{"candidates": [{"finishReason": "STOP","index": 0}],"usageMetadata": {"promptTokenCount": 15}}'
    assert heard(TEXT, last) == [Usage(15), Delta("a"), Finished("stop")]


def test_an_early_reason_is_no_end() -> None:
    """Relays write STOP on early, empty pieces: the answer goes on, and must end with a reason."""
    early = piece("", COUNT, "STOP")
    assert heard(early, early, TEXT, early) == [Usage(15), Delta("a"), Finished("stop")]
    assert heard(early, TEXT) == [Usage(15), Delta("a"), BROKE_OFF]


def test_no_reason() -> None:
    """Without a reason the stream broke off: nothing else marks its end."""
    assert heard(TEXT) == [Usage(15), Delta("a"), BROKE_OFF]
    assert heard() == [BROKE_OFF]


def test_usage_says_less_later() -> None:
    """The last count holds, smaller ones too, with tools in the input and thoughts in the output."""
    more = '"promptTokenCount": 13,"toolUsePromptTokenCount": 4,"candidatesTokenCount": 8,"thoughtsTokenCount": 20'
    assert heard(
        piece("", COUNT), piece("", more + ',"cachedContentTokenCount": 3'), piece("", '"promptTokenCount": 13', "STOP")
    ) == [*(Usage(15), Usage(17, 28, reasoning=20, cached=3), Usage(13, 28, reasoning=20), Finished("stop"))]


def test_a_blocked_question() -> None:
    """No candidates and a reason: nothing will come."""
    blocked = '{"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},"usageMetadata": {"promptTokenCount": 15}}'
    assert heard(blocked) == [Usage(15), Failed("filtered", "the question was blocked: PROHIBITED_CONTENT")]


BARE = (
    '{\r\n  "error": {\r\n    "code": 503,\r\n    "message": "The model is overloaded.",\r\n'
    '    "status": "UNAVAILABLE"\r\n  }\r\n}\r\n'
)


@pytest.mark.parametrize(
    "error", [BARE, f"[{BARE}]\r\n", f"[{BARE.rstrip()}\r\n]", BARE.rstrip(), BARE.replace("\r\n", "")]
)
def test_a_bare_error_in_mid_stream(error: str) -> None:
    """JSON over several lines, alone or in a list, that is no event; at every cut."""
    sent, said = (
        sse(TEXT, end="\r\n") + error.encode(),
        [Usage(15), Delta("a"), Failed("overloaded", "The model is overloaded.")],
    )
    for cut in range(len(sent)):
        assert hear(Gemini().decoder(), [sent[:cut], sent[cut:]]) == said


def test_a_bare_error_is_not_waited_for() -> None:
    """It is heard when it is complete, though the connection stays open."""
    decoder = Gemini().decoder()
    assert decoder.feed(BARE.encode()) == [Failed("overloaded", "The model is overloaded.")]


def test_an_error_as_an_event() -> None:
    """Errors come as events too, with the time to wait."""
    error = (
        '{"error":{"code":429,"message":"Quota","status":"RESOURCE_EXHAUSTED","details":[{"@type":'
        '"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.4s"}]}}'
    )
    assert heard(TEXT, error) == [Usage(15), Delta("a"), Failed("rate", "Quota", 34.4)]


def test_other_parts() -> None:
    """Calls, code and signatures say nothing."""
    parts = '{"functionCall": {"name": "f","args": {}}},{"executableCode": {"code": "1"}},{"thoughtSignature": "E"}'
    assert heard(piece(parts, COUNT, "STOP")) == [Usage(15), Finished("stop")]
