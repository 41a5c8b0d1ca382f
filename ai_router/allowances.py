"""How much of the server's AI each tier has. The shells count (store), this says what is too much and until when.

Whose own key is used spends nothing of the server's: only what protects the platform counts, requests and streams.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from ai_router.cost import NANO
from schemas.accounts import Tier

Limit = Literal["requests", "tokens", "cost", "own-budget", "admin-budget", "streams"]
OWN_BUDGET: Final = "own-budget"
ADMIN_BUDGET: Final = "admin-budget"


@dataclass(frozen=True, slots=True)
class Allowance:
    """Of one person."""

    requests_per_minute: int
    requests_per_day: int
    tokens_per_day: int
    """Input and output together, with the server's key."""
    nano_usd_per_day: int
    """With the server's key."""
    streams: int
    """At once."""
    money: Limit = "cost"
    """Who says how much money: the tier (`cost`), the person, or an administrator."""

    def within(self, own: int | None, admin: int | None) -> "Allowance":
        """The same with a person's own budget and an administrator's, in billionths of a USD: the least counts."""
        least = self
        budgets: tuple[tuple[int | None, Limit], ...] = ((admin, ADMIN_BUDGET), (own, OWN_BUDGET))
        for budget, money in budgets:
            if budget is not None and budget < least.nano_usd_per_day:
                least = replace(least, nano_usd_per_day=budget, money=money)
        return least


ALLOWANCES: Final[Mapping[Tier, Allowance]] = {
    # Enough to try it out; a page that opens another guest every time is held by the limits on addresses.
    "guest": Allowance(10, 100, 200_000, NANO // 10, 2),
    "free": Allowance(20, 500, 1_000_000, NANO // 2, 3),
    # A day of steady work in an editor.
    "pro": Allowance(60, 5_000, 20_000_000, 10 * NANO, 10),
    "enterprise": Allowance(300, 50_000, 500_000_000, 200 * NANO, 50),
}


@dataclass(frozen=True, slots=True)
class Taken:
    """What somebody has had today (UTC), and is having."""

    requests: int = 0
    tokens: int = 0
    nano_usd: int = 0
    """Spent and reserved."""
    streams: int = 0


@dataclass(frozen=True, slots=True)
class Over:
    """No more for now."""

    limit: Limit
    most: int
    retry_after: float
    """Seconds; for streams a guess, since one has to end first."""


STREAM_WAIT: Final = 5.0
"""Seconds: answers seldom take longer than some of these."""


def over(allowance: Allowance, taken: Taken, own_key: bool, tokens: int, nano_usd: int, now: datetime) -> Over | None:
    """Whether one more request, of at most so many tokens and so much money, is too much."""
    if taken.streams >= allowance.streams:
        return Over("streams", allowance.streams, STREAM_WAIT)
    tomorrow = until_midnight(now)
    if taken.requests >= allowance.requests_per_day:
        return Over("requests", allowance.requests_per_day, tomorrow)
    if own_key:
        return None
    if taken.tokens + tokens > allowance.tokens_per_day:
        return Over("tokens", allowance.tokens_per_day, tomorrow)
    if taken.nano_usd + nano_usd > allowance.nano_usd_per_day:
        return Over(allowance.money, allowance.nano_usd_per_day, tomorrow)
    return None


def next_day(now: datetime) -> datetime:
    """When the next day of UTC begins."""
    return (now.astimezone(UTC) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)


def until_midnight(now: datetime) -> float:
    """Seconds until then."""
    return max((next_day(now) - now).total_seconds(), 1.0)
