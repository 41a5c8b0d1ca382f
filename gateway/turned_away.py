"""Whom the rate limits refused lately, for administrators. Filled by rates.py, read by sockets/roll_call.py.

Each gateway remembers what it refused itself; to look through all counts in Redis would cost more than it tells.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal

from gateway.limits import TURNED_AWAY

Who = Literal["user", "address", "account"]


@dataclass(slots=True)
class Refused:
    """One subject of one limit. Times are Unix times in seconds."""

    limit: str
    who: Who
    subject: str
    """A user's id, an address (of IPv6 its /64), or a hash of the account that was tried."""
    times: int
    at: float
    until: float


class TurnedAway:
    """One per gateway. Those not refused for longest are forgotten."""

    def __init__(self, most: int = TURNED_AWAY) -> None:
        self._most = most
        self._refused: OrderedDict[tuple[str, str], Refused] = OrderedDict()

    def note(self, limit: str, who: Who, subject: str, now: float, wait: float) -> None:
        """Somebody was refused, and told to wait for so many seconds."""
        known = self._refused.pop((limit, subject), None)
        if known is not None and known.until < now:
            known = None  # that was another time
        times = 1 if known is None else known.times + 1
        self._refused[limit, subject] = Refused(limit, who, subject, times, now, now + wait)
        if len(self._refused) > self._most:
            self._refused.popitem(last=False)

    def at_limit(self, now: float) -> list[Refused]:
        """Those who would be refused now, had they not asked since; the last one first."""
        return [each for each in reversed(self._refused.values()) if each.until > now]
