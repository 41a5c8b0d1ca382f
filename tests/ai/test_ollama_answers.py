"""What Ollama really sends (ai_router/formats/ollama.py)."""

import pytest

from ai_router.formats.decoding import BROKE_OFF
from ai_router.formats.ollama import Ollama
from ai_router.heard import Delta, Failed, Finished, Heard, Reason, Usage
from tests.ai.answers import hear, line

TEXT = line('{"role":"assistant","content":"a"}')


def heard(*lines: str) -> list[Heard]:
    """What these lines say."""
    return hear(Ollama().decoder(), ["".join(lines).encode()])


@pytest.mark.parametrize(
    ("reason", "meant"), [("stop", "stop"), ("length", "length"), ("load", "other"), ("unload", "other")]
)
def test_reasons(reason: str, meant: Reason) -> None:
    """Reasons are told apart, and unknown ones tolerated."""
    done = line('{"content":""}', f'"done":true,"done_reason":"{reason}","prompt_eval_count":26,"eval_count":28')
    assert heard(TEXT, done) == [Delta("a"), Usage(26, 28), Finished(meant)]


def test_older_servers() -> None:
    """The reason and the question's tokens (which a cached question has not) may be missing."""
    assert heard(TEXT, line("null", '"done":true,"eval_count":2')) == [Delta("a"), Usage(None, 2), Finished("stop")]


def test_an_error_in_mid_stream() -> None:
    """A line with an error ends the answer."""
    error = '{"error":"an error was encountered while running the model"}\n'
    failure = Failed("server", "an error was encountered while running the model")
    assert heard(TEXT, error, TEXT) == [Delta("a"), failure]


def test_without_done() -> None:
    """The line with `done` alone is the end."""
    assert heard(TEXT) == [Delta("a"), BROKE_OFF]


def test_blank_lines_and_tools() -> None:
    """Blank lines are nothing, and calls of tools say nothing."""
    calls = line('{"content":"","tool_calls":[{"function":{"name":"f","arguments":{}}}]}')
    assert heard("\n\r\n", calls, "\n", line("null", '"done":true')) == [Finished("stop")]
