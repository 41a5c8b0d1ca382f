"""Histories that do not fit: what stays, what goes, and that it is told."""

from hypothesis import given
from hypothesis import strategies as st

from ai_router.fit import (
    PICTURE_LEFT_OUT,
    SUMMARY_TOKENS,
    Fitted,
    Summarise,
    TooLong,
    fit,
    least,
    room_for,
    summary_tokens,
    with_summary,
)
from ai_router.tokens import tokens_of_all
from schemas.conversation import Image, Turn, said
from tests.ai.conversations import PIXEL, conversations, talk


def is_subsequence(some: tuple[Turn, ...], every: list[Turn]) -> bool:
    rest = iter(every)
    return all(any(turn is other for other in rest) for turn in some)


@given(conversations, st.integers(0, 20_000))
def test_what_fits_is_within_the_room_and_in_order(turns: list[Turn], room: int) -> None:
    """Nothing passes the room, nothing is reordered, and every turn is either sent or counted as dropped."""
    fitted = fit(turns, room)
    if isinstance(fitted, TooLong):
        assert fitted.tokens == least(turns) > room
        return
    assert isinstance(fitted, Fitted)
    assert fitted.tokens == tokens_of_all(fitted.turns) <= room
    assert is_subsequence(fitted.turns, turns)
    assert len(fitted.turns) + fitted.dropped == len(turns)


@given(conversations, st.integers(0, 20_000))
def test_the_system_and_the_last_question_stay(turns: list[Turn], room: int) -> None:
    """What the system says, and all from the last user turn on, is sent whatever else goes."""
    fitted = fit(turns, room)
    if isinstance(fitted, Fitted):
        sent = [id(turn) for turn in fitted.turns]
        last = max((index for index, turn in enumerate(turns) if turn.speaker == "user"), default=len(turns))
        for index, turn in enumerate(turns):
            if turn.speaker == "system" or index >= last:
                assert id(turn) in sent


@given(conversations, st.integers(0, 20_000), st.integers(0, 5_000))
def test_more_room_never_keeps_less(turns: list[Turn], room: int, more: int) -> None:
    """A larger context sees at least as much."""
    small, large = fit(turns, room), fit(turns, room + more)
    if isinstance(small, Fitted):
        assert isinstance(large, Fitted)
        assert large.dropped <= small.dropped


@given(conversations)
def test_what_has_room_is_untouched(turns: list[Turn]) -> None:
    """Nothing is dropped without need, nor where nobody knows the context."""
    for room in (None, tokens_of_all(turns)):
        assert fit(turns, room, summarise=True) == Fitted(tuple(turns), tokens_of_all(turns))


def test_questions_go_together_with_their_answers() -> None:
    """What is left after the system begins with a question."""
    turns = talk(10)
    for room in range(least(turns), tokens_of_all(turns)):
        fitted = fit(turns, room)
        assert isinstance(fitted, Fitted)
        assert fitted.turns[1].speaker == "user"
        assert fitted.dropped % 2 == 0


def test_a_long_history_is_summarised_on_demand() -> None:
    """The old part is asked to be summarised, and its summary stands before the rest, as something the user says."""
    turns = talk(100)
    split = fit(turns, 6_000, summarise=True)
    assert isinstance(split, Summarise)
    assert len(split.old) + len(split.rest) == len(turns)
    assert split.asking[-1].speaker == "user"
    assert tokens_of_all(split.rest) <= 3_000, "it serves the next questions too"
    fitted = with_summary(split, "They counted to a hundred.")
    assert fitted.tokens <= 6_000
    assert fitted.summarised == len(split.old) > 0
    assert [turn.speaker for turn in fitted.turns[:3]] == ["system", "user", "user"]
    assert "They counted to a hundred." in fitted.turns[1].text
    assert fitted.turns[-1] is turns[-1]


def test_a_summary_is_told_again() -> None:
    """It counts as what it takes; where there is no room for it, it goes before the question does."""
    turns = talk(3)
    told = fit(turns, None, summary="They counted.")
    assert isinstance(told, Fitted)
    assert told.is_summary_told
    assert told.tokens == tokens_of_all(told.turns) > tokens_of_all(turns)
    assert "They counted." in told.turns[1].text
    narrow = fit(turns, least(turns), summary="They counted.")
    assert isinstance(narrow, Fitted)
    assert not narrow.is_summary_told
    assert narrow.tokens == least(turns)


@given(conversations, st.integers(0, 20_000), st.one_of(st.none(), st.just("They counted. " * 20)))
def test_summaries_are_worth_it_and_fit(turns: list[Turn], room: int, before: str | None) -> None:
    """What is summarised is longer than its summary, and what is sent then, or is cut, has room."""
    found = fit(turns, room, summary=before, summarise=True)
    if isinstance(found, Fitted):
        assert found.tokens == tokens_of_all(found.turns) <= room
    if isinstance(found, Summarise):
        assert tokens_of_all(found.old) > 2 * found.tokens
        assert found.tokens == summary_tokens(room) <= SUMMARY_TOKENS
        assert tokens_of_all(found.rest) + 2 * found.tokens <= room
        assert is_subsequence(found.rest, turns) or any(isinstance(p, Image) for turn in turns for p in turn.parts)


def test_pictures_are_named_where_the_model_cannot_see() -> None:
    """A chat that began with a model that sees goes on with one that does not."""
    turns = [Turn("user", (PIXEL, PIXEL)), said("assistant", "two dots"), said("user", "sure?")]
    fitted = fit(turns, 100, sees=False)
    assert isinstance(fitted, Fitted)
    assert fitted.pictures_dropped == 2
    assert fitted.turns[0].text == PICTURE_LEFT_OUT * 2
    assert not any(isinstance(part, Image) for turn in fitted.turns for part in turn.parts)
    assert isinstance(fit(turns, 100), Fitted), "the question alone fits"


def test_the_answer_takes_at_most_half() -> None:
    """A model whose longest answer is its whole context can still be asked."""
    assert room_for(128_000, 8_000) == 120_000
    assert room_for(8_192, 8_192) == 4_096
    assert room_for(None, 8_192) is None
