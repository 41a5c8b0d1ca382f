"""Answers remembered for a moment (gateway/recent.py)."""

import asyncio

import pytest

from gateway.recent import Recent


class Asked:
    """A slow question that counts how often it was asked, and answers when told to."""

    def __init__(self) -> None:
        self.times = 0
        self.let_go = asyncio.Event()

    async def __call__(self) -> int:
        self.times += 1
        number = self.times
        await self.let_go.wait()
        return number


async def test_those_who_wait_share_one_question() -> None:
    """Many who ask at once cause one question, and all get its answer."""
    recent: Recent[str, int] = Recent(5, 10)
    ask = Asked()
    waiting = [asyncio.ensure_future(recent.get("a", ask)) for _ in range(100)]
    ask.let_go.set()
    assert set(await asyncio.gather(*waiting)) == {1}
    assert ask.times == 1


async def test_one_who_leaves_does_not_take_the_answer_along() -> None:
    """The first who asked may be cancelled; the others still get the answer."""
    recent: Recent[str, int] = Recent(5, 10)
    ask = Asked()
    first = asyncio.ensure_future(recent.get("a", ask))
    second = asyncio.ensure_future(recent.get("a", ask))
    await asyncio.sleep(0)
    first.cancel()
    ask.let_go.set()
    assert await second == 1


async def test_answer_grows_old() -> None:
    """After its seconds an answer is asked for again; `known` may trust it for longer."""
    now = 0.0
    recent: Recent[str, int] = Recent(5, 10, now=lambda: now)
    ask = Asked()
    ask.let_go.set()
    assert await recent.get("a", ask) == 1
    now = 4.9
    assert await recent.get("a", ask) == 1
    now = 5.1
    assert recent.known("a", 60) == 1
    assert await recent.get("a", ask) == 2
    now = 100.0
    assert recent.known("a", 60) is None


async def test_entries_are_bounded() -> None:
    """The oldest answers leave first."""
    recent: Recent[int, int] = Recent(5, 3)
    ask = Asked()
    ask.let_go.set()
    for key in range(5):
        await recent.get(key, ask)
    assert [key for key in range(5) if recent.known(key, 5) is not None] == [2, 3, 4]


async def test_error_is_told_and_not_kept() -> None:
    """Everybody who waits hears of the failure; the next one asks again."""
    recent: Recent[str, int] = Recent(5, 10)

    async def fail() -> int:
        raise LookupError

    for _ in range(2):
        with pytest.raises(LookupError):
            await recent.get("a", fail)
    ask = Asked()
    ask.let_go.set()
    assert await recent.get("a", ask) == 1


async def test_unwanted_answer_is_not_kept() -> None:
    """`keep` says which answers are worth remembering."""
    recent: Recent[str, int] = Recent(5, 10, keep=lambda answer: answer > 1)
    ask = Asked()
    ask.let_go.set()
    assert [await recent.get("a", ask) for _ in range(4)] == [1, 2, 2, 2]


async def test_answer_forgotten_on_its_way_is_not_kept() -> None:
    """What was forgotten while being fetched may be out of date: it is given, and not remembered."""
    recent: Recent[str, int] = Recent(5, 10)
    ask = Asked()
    waiting = asyncio.ensure_future(recent.get("a", ask))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    recent.drop(lambda key: key == "a")
    ask.let_go.set()
    assert await waiting == 1
    assert await recent.get("a", ask) == 2
