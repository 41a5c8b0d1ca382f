"""What Anthropic and relays of it really send (ai_router/formats/anthropic.py)."""

import pytest

from ai_router.formats.anthropic import Anthropic
from ai_router.formats.decoding import BROKE_OFF
from ai_router.heard import Delta, Failed, Finished, Heard, Kind, Reason, Usage
from tests.ai.answers import block, hear, named

START = named("message_start", '{"type":"message_start","message":{"usage":{"input_tokens":43,"output_tokens":1}}}')
TEXT = block(0, '{"type":"text_delta","text":"a"}')
STOP = named("message_stop", '{"type":"message_stop"}')


def ending(reason: str, usage: str = '{"output_tokens":30}') -> str:
    """The last but one event."""
    return named("message_delta", f'{{"type":"message_delta","delta":{{"stop_reason":"{reason}"}},"usage":{usage}}}')


def heard(*events: str) -> list[Heard]:
    """What these events say."""
    return hear(Anthropic().decoder(), ["".join(events).encode()])


@pytest.mark.parametrize(
    ("reason", "meant"),
    [
        *(("end_turn", "stop"), ("stop_sequence", "stop"), ("max_tokens", "length"), ("tool_use", "tool")),
        *(
            ("refusal", "filter"),
            ("model_context_window_exceeded", "length"),
            ("pause_turn", "other"),
            ("new", "other"),
        ),
    ],
)
def test_reasons(reason: str, meant: Reason) -> None:
    """Stop reasons are told apart, and unknown ones tolerated."""
    assert heard(START, TEXT, ending(reason), STOP) == [Usage(43, 1), Delta("a"), Usage(43, 30), Finished(meant)]


def test_a_refusal_without_any_content() -> None:
    """A refusal may come with no content block at all."""
    assert heard(START, ending("refusal", '{"output_tokens":1}'), STOP) == [Usage(43, 1), Finished("filter")]


def test_usage_restated() -> None:
    """message_delta is cumulative and may state another input; what it leaves out or nulls stands."""
    said = heard(
        named(
            "message_start",
            '{"type":"message_start","message":{"usage":{"input_tokens":43,"cache_read_input_tokens":100,'
            '"cache_creation_input_tokens":10,"output_tokens":1}}}',
        ),
        ending("end_turn", '{"input_tokens":null,"output_tokens":20}'),
        ending("end_turn", '{"input_tokens":61,"output_tokens":30}'),
        STOP,
    )
    assert said == [
        *(Usage(153, 1, cached=100), Usage(153, 20, cached=100), Usage(171, 30, cached=100), Finished("stop"))
    ]


def test_a_second_start() -> None:
    """Relays repeat message_start, or splice in a second message: the text goes on, the last usage holds."""
    assert heard(START, START, TEXT, START, TEXT, ending("end_turn"), STOP) == [
        *(Usage(43, 1), Delta("a"), Delta("a"), Usage(43, 30), Finished("stop"))
    ]


def test_text_in_the_start_of_a_block() -> None:
    """A block may begin with text."""
    start = named("content_block_start", '{"type":"content_block_start","content_block":{"type":"text","text":"a"}}')
    assert heard(start, STOP) == [Delta("a"), Finished("other")]


def test_other_blocks() -> None:
    """Tools, their input and results of searches say nothing."""
    events = [
        '{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}}',
        '{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\\"a\\""}}',
        '{"type":"content_block_start","index":2,"content_block":{"type":"web_search_tool_result","content":[{}]}}',
    ]
    assert heard(*(named("x", each) for each in events), STOP) == [Finished("other")]


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        *(("overloaded_error", "overloaded"), ("rate_limit_error", "rate"), ("api_error", "server")),
        *(("billing_error", "payment"), ("timeout_error", "timeout"), ("invalid_request_error", "invalid")),
        *(("authentication_error", "authentication"), ("permission_error", "authentication"), ("new_error", "server")),
        *(("not_found_error", "not-found"), ("request_too_large", "too-long")),
    ],
)
def test_errors_inside_an_answer(word: str, kind: Kind) -> None:
    """With status 200, the type says what a status would."""
    error = named("error", f'{{"type":"error","error":{{"type":"{word}","message":"Words"}}}}')
    assert heard(START, TEXT, error, TEXT, STOP) == [Usage(43, 1), Delta("a"), Failed(kind, "Words")]


def test_without_message_stop() -> None:
    """message_stop alone is the end."""
    assert heard(START, TEXT, ending("end_turn"))[-1] == BROKE_OFF
