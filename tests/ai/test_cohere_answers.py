"""What Cohere really sends (ai_router/formats/cohere.py)."""

import pytest

from ai_router.formats.cohere import Cohere
from ai_router.formats.decoding import BROKE_OFF
from ai_router.heard import Delta, Failed, Finished, Heard, Reason, Usage
from tests.ai.answers import hear, sse

TEXT = '{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"a"}}}}'


def ending(reason: str, more: str = "") -> str:
    """The last event."""
    return f'{{"type":"message-end","delta":{{"finish_reason":"{reason}"{more}}}}}'


def heard(*data: str) -> list[Heard]:
    """What these events say."""
    return hear(Cohere().decoder(), [sse(*data)])


@pytest.mark.parametrize(
    ("reason", "meant"),
    [
        *(("COMPLETE", "stop"), ("STOP_SEQUENCE", "stop"), ("MAX_TOKENS", "length"), ("TOOL_CALL", "tool")),
        *(("ERROR_TOXIC", "filter"), ("NEW", "other")),
    ],
)
def test_reasons(reason: str, meant: Reason) -> None:
    """Finish reasons are told apart, and unknown ones tolerated."""
    assert heard(TEXT, ending(reason)) == [Delta("a"), Finished(meant)]


def test_ends_that_are_failures() -> None:
    """ERROR and TIMEOUT are no ends, and the error's words are Cohere's."""
    assert heard(TEXT, ending("ERROR", ',"error":"no GPU"')) == [Delta("a"), Failed("server", "no GPU")]
    assert heard(ending("TIMEOUT")) == [Failed("timeout", "the answer ended with TIMEOUT")]


def test_usage_is_what_is_billed() -> None:
    """Tokens that Cohere puts around a question are not charged; where it says nothing else, they count."""
    units = '"tokens":{"input_tokens":507,"output_tokens":10}'
    billed = f',"usage":{{"billed_units":{{"input_tokens":12,"output_tokens":7}},{units}}}'
    assert heard(ending("COMPLETE", billed))[0] == Usage(12, 7)
    assert heard(ending("COMPLETE", f',"usage":{{{units}}}'))[0] == Usage(507, 10)


def test_other_events() -> None:
    """Plans, calls, citations and what is new say nothing; empty data is skipped."""
    others = [
        '{"type":"tool-plan-delta","delta":{"message":{"tool_plan":"I will"}}}',
        '{"type":"tool-call-start","index":0,"delta":{"message":{"tool_calls":{"id":"x","function":{"name":"f"}}}}}',
        '{"type":"citation-start","index":0,"delta":{"message":{"citations":{"start":1,"end":2,"text":"a"}}}}',
        '{"type":"brand-new"}',
        "",
    ]
    assert heard(*others, TEXT, ending("COMPLETE")) == [Delta("a"), Finished("stop")]


def test_without_message_end() -> None:
    """[DONE] alone is no end: message-end is."""
    assert heard(TEXT, "[DONE]") == [Delta("a"), BROKE_OFF]


@pytest.mark.parametrize(
    "error", ['{"message":"internal"}', '{"error":"internal"}', '{"error":{"message":"internal"}}']
)
def test_errors_inside_an_answer(error: str) -> None:
    """Whatever shape they have."""
    assert heard(TEXT, error, TEXT) == [Delta("a"), Failed("server", "internal")]
