"""Breakers as workers write them down: each reads what another one wrote, and what is over is forgotten."""

import pytest

from ai_router.breaker import OPEN_MAX, PROBE, WINDOW, Breaker, Closed, HalfOpen, Open, is_over
from workers.ai.circuits import _decoded, _encoded


@pytest.mark.parametrize("state", [Closed(5.5, 3, 2), Open(7.0, 2), HalfOpen(3.25, 1), Closed(1e9, 1, 1)])
def test_what_is_written_is_read(state: Breaker) -> None:
    """Every state comes back as it was."""
    assert _decoded(_encoded(state)) == state


@pytest.mark.parametrize("data", [b"", b"{}", b'["ajar",{}]', b'["open",{"until":"soon"}]'])
def test_what_nobody_understands(data: bytes) -> None:
    """What another version wrote stops nobody."""
    assert _decoded(data) == Closed()


@pytest.mark.parametrize(
    ("state", "seconds"),
    [(Closed(10.0, 3, 2), WINDOW), (Open(10.0, 2), OPEN_MAX), (HalfOpen(10.0, 1), PROBE + OPEN_MAX)],
)
def test_what_is_over(state: Breaker, seconds: float) -> None:
    """A state can be forgotten once nothing that it says counts any more, not before."""
    assert not is_over(state, 10.0 + seconds - 0.1)
    assert is_over(state, 10.0 + seconds)
