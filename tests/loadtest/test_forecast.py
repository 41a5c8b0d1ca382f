"""How long a run will take (loadtest/forecast.py)."""

from loadtest.forecast import Forecast, Step, lasting
from loadtest.shapes import SHAPES, shape

FANOUT, IDLE = shape("fanout-200"), shape("idle-4000")


def test_a_run_is_guessed_before_it_begins() -> None:
    """Every measurement has a guess of its own length or more."""
    plan = [Step(1, each, "atrium") for each in SHAPES]
    assert Forecast(plan).remaining() >= sum(each.warmup + each.seconds for each in SHAPES)


def test_what_was_measured_before_replaces_guesses() -> None:
    """A repetition takes as long as the same measurement did."""
    forecast = Forecast([Step(repeat, FANOUT, "atrium") for repeat in (1, 2, 3)])
    forecast.took(7.0)
    forecast.took(9.0)
    assert forecast.remaining() == 8.0
    forecast.took(8.0)
    assert forecast.remaining() == 0.0
    assert str(forecast) == "3 of 3 done, about 0 s left"


def test_a_slow_machine_makes_all_guesses_longer() -> None:
    """What was never measured is guessed by how wrong the guesses were so far."""
    plan = [Step(1, FANOUT, "atrium"), Step(1, IDLE, "atrium")]
    quick, slow = Forecast(plan), Forecast(plan)
    quick.took(5.0)
    slow.took(50.0)
    assert slow.remaining() > 9 * quick.remaining()


def test_durations_are_said_as_people_do() -> None:
    """Seconds below one and a half minutes, then minutes."""
    assert lasting(42.3) == "about 42 s"
    assert lasting(600.0) == "about 10 min"
