"""The one timer of all connections (gateway/sockets/wheel.py), turned faster."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from gateway.sockets.limits import ECHO, TICK, WHEEL_STEP
from gateway.sockets.wheel import Wheel
from tests.support.waiting import wait_until

STEP = 0.002


class Socket:
    """A connection and its session."""

    def __init__(self, number: int, wheel: Wheel) -> None:
        self.id = number
        self.echoed: list[int] = []
        self.ticks: list[int] = []
        self._wheel = wheel

    def tick(self, now: float) -> None:
        self.ticks.append(self._wheel._at)

    def echo(self) -> None:
        self.echoed.append(self._wheel._at)


@pytest.fixture
async def wheel(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Wheel]:
    """A wheel of 20 steps for echoes and 300 for ticks, as by default, turning."""
    for name, seconds in {"ECHO": ECHO, "TICK": TICK, "WHEEL_STEP": WHEEL_STEP}.items():
        monkeypatch.setattr(f"gateway.sockets.wheel.{name}", seconds / WHEEL_STEP * STEP)
    wheel = Wheel(asyncio.get_running_loop())
    turning = asyncio.create_task(wheel.run())
    yield wheel
    turning.cancel()


async def test_echoes_come_once_and_not_together(wheel: Wheel) -> None:
    """Who asks at different times, however often, is called once each, a second later, and at different times."""
    sockets = [Socket(number, wheel) for number in range(40)]
    for socket in sockets:
        wheel.soon(socket)
        wheel.soon(socket)
        await asyncio.sleep(STEP / 2)
    gone = Socket(99, wheel)
    wheel.soon(gone)
    wheel.forget(gone)
    await wait_until(lambda: all(socket.echoed for socket in sockets), "all echoes")
    assert [len(socket.echoed) for socket in sockets] == [1] * len(sockets)
    assert max(Counter(socket.echoed[0] for socket in sockets).values()) < len(sockets) / 2
    asked = wheel._at
    wheel.soon(gone)
    await wait_until(lambda: gone.echoed, "the echo after all")
    assert gone.echoed[0] - asked >= 19


async def test_all_tick_in_every_turn_and_not_together(wheel: Wheel) -> None:
    """Connections tick once a turn, as many in each step; who left does not."""
    sockets = [Socket(number, wheel) for number in range(600)]
    for socket in sockets:
        wheel.add(socket)
    wheel.remove(sockets[0])
    await wait_until(lambda: sockets[-1].ticks and len(sockets[1].ticks) >= 2, "two turns")
    assert not sockets[0].ticks
    assert {len(socket.ticks) for socket in sockets[1:]} <= {1, 2, 3}
    assert max(Counter(socket.ticks[0] for socket in sockets[1:]).values()) == 2
    assert sockets[1].ticks[1] - sockets[1].ticks[0] == 300
