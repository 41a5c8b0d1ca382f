"""Thoughts inside the content (ai_router/formats/thinking.py)."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_router.formats.openai import OpenAI
from ai_router.formats.thinking import BLANK_MAX, Content
from ai_router.heard import Delta, Finished, Thought
from tests.ai.answers import chunk, hear, sse

CASES = [
    ("Hello", "", "Hello"),
    ("<think>Hm</think>Yes", "Hm", "Yes"),
    ("\n <think>\nHm </think>\n\n Yes ", "\nHm ", "Yes "),
    ("<think></think>Yes", "", "Yes"),
    ("<think>no end", "no end", ""),
    ("<think>a </thin b</think>c", "a </thin b", "c"),
    ("<think>half </thi", "half </thi", ""),
    ("<think>a</think><think>b</think>c", "a", "<think>b</think>c"),
    ("<think>a</think>", "a", ""),
    ("<thinking is hard", "", "<thinking is hard"),
    ("  <thi", "", "  <thi"),
    (" a <think>b</think>", "", " a <think>b</think>"),
    ("<<think>a</think>", "", "<<think>a</think>"),
    ("</think>a", "", "</think>a"),
    (" " * (BLANK_MAX + 1) + "<think>a</think>", "", " " * (BLANK_MAX + 1) + "<think>a</think>"),
    (" " * BLANK_MAX + "<think>a</think>", "a", ""),
]


def split(pieces: Iterable[str]) -> tuple[str, str]:
    """The thoughts and the answer in these pieces."""
    content = Content()
    said = [each for piece in pieces for each in content.hear(piece)] + content.rest()
    assert all(each.text for each in said)
    return (
        "".join(each.text for each in said if isinstance(each, Thought)),
        "".join(each.text for each in said if isinstance(each, Delta)),
    )


@pytest.mark.parametrize(("text", "thought", "answer"), CASES)
def test_thoughts_and_answers(text: str, thought: str, answer: str) -> None:
    """Tags in front of the answer hold thoughts, wherever the text is cut; all else is the answer."""
    assert split([text]) == (thought, answer)
    assert split(text) == (thought, answer)
    for cut in range(1, len(text)):
        assert split([text[:cut], text[cut:]]) == (thought, answer)


@given(
    st.lists(st.sampled_from(["<", "<th", "ink>", "<think>", "</", "</think>", "think>", " ", "\n", "a"]), min_size=1)
)
def test_any_cut_says_the_same(pieces: list[str]) -> None:
    """Whatever is said, cuts do not matter, and only tags and the white space around them are lost."""
    text = "".join(pieces)
    assert split(pieces) == split([text]) == split(text)
    assert "".join("".join(split(pieces)).split()) in (
        "".join(text.split()),
        "".join(text.split()).replace("<think>", "", 1),
        "".join(text.split()).replace("<think>", "", 1).replace("</think>", "", 1),
    )


def test_what_can_be_said_is_said_at_once() -> None:
    """An answer is held back no longer than it may be a tag, thoughts no longer than that they may end."""
    content = Content()
    assert content.hear("<th") == []
    assert content.hear("e") == [Delta("<the")]
    assert content.hear("<think>") == [Delta("<think>")]
    content = Content()
    assert content.hear("<think>so </") == [Thought("so ")]
    assert content.hear("b> and </think> ") == [Thought("</b> and ")]
    assert content.hear("\nYes") == [Delta("Yes")]


def test_in_an_answer() -> None:
    """Decoders tell them apart."""
    data = [chunk('{"content":"<think>Hm</th"}'), chunk('{"content":"ink>\\n\\nYes"}'), chunk("{}", '"stop"')]
    assert hear(OpenAI().decoder(), [sse(*data)]) == [Thought("Hm"), Delta("Yes"), Finished("stop")]
    assert hear(OpenAI().decoder(), [sse(chunk('{"content":"<thi"}'), "[DONE]")]) == [Delta("<thi"), Finished("other")]
