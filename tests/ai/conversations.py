"""Conversations for the tests of this folder."""

from hypothesis import strategies as st

from schemas.conversation import Image, Part, Speaker, Text, Turn, said

PIXEL = Image("image/png", b"\x89PNG")

_parts: st.SearchStrategy[Part] = st.one_of(
    st.text(max_size=200).map(Text), st.integers(0, 800).map(lambda times: Text("word " * times)), st.just(PIXEL)
)
_speakers: st.SearchStrategy[Speaker] = st.sampled_from(["user", "assistant", "user", "assistant", "system"])
turns = st.builds(Turn, _speakers, st.lists(_parts, max_size=3).map(tuple))
"""Any single turn."""
conversations = st.lists(turns, max_size=30)
"""Any, also such as no client would send."""


def talk(exchanges: int, words: int = 50) -> list[Turn]:
    """A system turn, questions with answers, and one more question."""
    told = [said("system", "Be brief.")]
    for number in range(exchanges):
        told += [
            said("user", f"question {number} " + "q " * words),
            said("assistant", f"answer {number} " + "a " * words),
        ]
    return [*told, said("user", "and now?")]
