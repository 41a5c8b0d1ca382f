"""How long providers ask to wait (ai_router/formats/waits.py)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_router.formats.limits import WAIT_SECONDS_MAX
from ai_router.formats.waits import duration, retry_after

DATE = "Wed, 21 Oct 2026 07:28:00 GMT"
AT = 1_792_567_680.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "99999999"}, WAIT_SECONDS_MAX),
        ({"retry-after-ms": "1500", "retry-after": "7"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "7"}, 7.0),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "²"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Wed, 99 Foo"}, None),
        ({"retry-after": DATE}, None),  # nobody says what time it is
        ({"retry-after": DATE, "date": "Wed, 21 Oct 2026 07:27:18 GMT"}, 42.0),
        ({"retry-after": DATE, "date": "Wed, 21 Oct 2026 07:29:00 GMT"}, 0.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 -0000", "date": "Wed, 21 Oct 2026 07:27:18 -0000"}, 42.0),
        ({"x-ratelimit-reset-requests": "6m0s", "x-ratelimit-remaining-requests": "0"}, 360.0),
        ({"x-ratelimit-reset-requests": "6m0s", "x-ratelimit-remaining-requests": "5"}, None),
        ({"x-ratelimit-reset-tokens": "20ms", "x-ratelimit-remaining-tokens": "0", "retry-after": "1"}, 1.0),
    ],
)
def test_headers(headers: dict[str, str], seconds: float | None) -> None:
    """Milliseconds go before seconds and dates, and these before the rate limit that is used up."""
    assert retry_after(headers) == (seconds if seconds is None else pytest.approx(seconds))


def test_dates_against_the_callers_clock() -> None:
    """The caller may say what time it is."""
    assert retry_after({"retry-after": DATE}, AT - 5) == 5.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        *(("34.4s", 34.4), ("6m0s", 360.0), ("20ms", 0.02), ("1h2m3s", 3_600.0), ("0s", 0.0), ("1m2.5s", 62.5)),
        *(
            ("s", None),
            ("5", None),
            ("5s later", None),
            ("", None),
            (None, None),
            (5, None),
            ("5 s", None),
            ("-5s", None),
        ),
        ("9" * 100 + "s", None),
    ],
)
def test_durations(text: object, seconds: float | None) -> None:
    """As Go and Google write them."""
    assert duration(text) == seconds


@given(st.dictionaries(st.sampled_from(["retry-after", "retry-after-ms", "date"]), st.text(max_size=30)))
def test_any_header(headers: dict[str, str]) -> None:
    """No header raises, and no wait is endless."""
    wait = retry_after(headers)
    assert wait is None or 0 <= wait <= WAIT_SECONDS_MAX
