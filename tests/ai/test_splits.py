"""However an answer's bytes are cut, it says the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ai.answers import ANSWERS, Answer, hear

each_answer = pytest.mark.parametrize("answer", ANSWERS, ids=str)


@each_answer
def test_a_whole_answer(answer: Answer) -> None:
    """In one piece, an answer says what it says."""
    assert hear(answer.decoder(), [answer.sent]) == list(answer.says)


@each_answer
def test_cut_once_anywhere(answer: Answer) -> None:
    """Cut in two at every byte, inside UTF-8 and CRLF too, it says the same."""
    for cut in range(len(answer.sent) + 1):
        assert hear(answer.decoder(), [answer.sent[:cut], answer.sent[cut:]]) == list(answer.says), cut


@each_answer
def test_byte_by_byte(answer: Answer) -> None:
    """In single bytes, with nothing in between, it says the same."""
    pieces = (answer.sent[at : at + 1] for at in range(len(answer.sent)))
    assert hear(answer.decoder(), [each for piece in pieces for each in (piece, b"")]) == list(answer.says)


@each_answer
@given(data=st.data())
def test_cut_many_times(answer: Answer, data: st.DataObject) -> None:
    """In any pieces it says the same."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(answer.sent)), max_size=20)))
    bounds = zip([0, *cuts], [*cuts, len(answer.sent)], strict=True)
    assert hear(answer.decoder(), [answer.sent[start:end] for start, end in bounds]) == list(answer.says)


@each_answer
def test_other_line_ends(answer: Answer) -> None:
    """LF and CRLF mean the same."""
    unix = answer.sent.replace(b"\r\n", b"\n")
    for sent in (unix, unix.replace(b"\n", b"\r\n")):
        assert hear(answer.decoder(), [sent]) == list(answer.says)


@each_answer
def test_without_the_last_line_end(answer: Answer) -> None:
    """An answer may end without its last blank line."""
    assert hear(answer.decoder(), [answer.sent.rstrip()]) == list(answer.says)


@each_answer
def test_nothing_behind_the_end(answer: Answer) -> None:
    """What comes behind the end of an answer says nothing, and is not kept."""
    decoder = answer.decoder()
    hear(decoder, [answer.sent])
    assert hear(decoder, [answer.sent, b"\xff garbage", b"{}\n"]) == []
