"""Conversations as every provider takes them (ai_router/formats/turns.py)."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from ai_router.formats.turns import BEGINNING, alternating, system_prompt
from schemas.conversation import Image, Text, Turn, said

PICTURE = Image("image/png", b"x")
PARTS = st.builds(Text, st.sampled_from(["", " ", "\n", "a", "b c"])) | st.sampled_from(
    [PICTURE, Image("image/png", b"")]
)
TURNS = st.lists(
    st.builds(Turn, st.sampled_from(["system", "user", "assistant"]), st.lists(PARTS, max_size=4).map(tuple)),
    max_size=8,
)


def letters(turns: Iterable[Turn]) -> str:
    """All that is said, without spaces."""
    return "".join(word for turn in turns for word in turn.text.split())


@given(TURNS)
def test_what_the_strictest_demand(turns: list[Turn]) -> None:
    """Sides alternate, the user first; no part is empty, no words stand beside words, no picture is the assistant's."""
    found = alternating(turns)
    assert [turn.speaker for turn in found] == ["user", "assistant"] * (len(found) // 2) + ["user"] * (len(found) % 2)
    for turn in found:
        assert turn.parts
        kinds = [type(part) for part in turn.parts]
        assert all(part.text.strip() if isinstance(part, Text) else part.data for part in turn.parts)
        assert turn.speaker == "user" or kinds == [Text]
    assert letters(turn for turn in found if turn is not BEGINNING) == letters(
        turn for turn in turns if turn.speaker != "system"
    )
    pictures = [part for turn in turns if turn.speaker == "user" for part in turn.parts if part == PICTURE]
    assert [part for turn in found for part in turn.parts if isinstance(part, Image)] == pictures


def test_neighbours_become_one() -> None:
    """Two turns of one side are one, with a blank line between."""
    assert alternating([said("user", "a"), said("user", "b")]) == [said("user", "a\n\nb")]
    assert alternating([Turn("user", (Text("a"), PICTURE)), said("user", "b")]) == [
        Turn("user", (Text("a"), PICTURE, Text("b")))
    ]


def test_a_chat_whose_beginning_is_cut_off() -> None:
    """An assistant that speaks first gets somebody to answer."""
    assert alternating([said("assistant", "a")]) == [BEGINNING, said("assistant", "a")]


def test_all_systems_are_one() -> None:
    """Wherever they stood."""
    turns = [said("system", "a "), said("user", "x"), said("system", " "), said("system", "b")]
    assert system_prompt(turns) == "a\n\nb"
    assert system_prompt([]) == ""
