"""Rate limits by tier, shared by all gateways. Called for every operation, before anything else of it is read.

    operation.limit, caller or address ──► subjects with windows ──► Redis (store/rates.py) ──► headers, or TooMany
                                                                       └─away─► auth: 503; else: this process' own count

Who brings a credential that is refused counts by address. What aims at an account (signing in, mails) counts by account
as well, from wherever it comes.

A limit says how much abuse the platform bears, not how much a customer bought; ATRIUM_RATE_FACTOR multiplies them all.
"""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Final

from ai_router.allowances import ALLOWANCES
from gateway.auth.caller import Caller, Tier
from gateway.limits import BUCKETS
from gateway.operation import SAFE_METHODS, Operation
from gateway.turned_away import TurnedAway, Who
from store.errors import StoreUnavailable
from store.gcra import MICRO, Verdict, Window, take
from store.rates import PATIENT_WAIT, WAIT, SharedRates, Subject

Windows = tuple[Window, ...]

BY_TIER: Final[Mapping[str, Mapping[Tier, Windows]]] = {
    # A page that opens asks some ten things at once; a sync tool asks steadily.
    "read": {
        "guest": (Window(200, 10), Window(2_000, 300)),
        "free": (Window(400, 10), Window(6_000, 300)),
        "pro": (Window(2_000, 10), Window(30_000, 300)),
        "enterprise": (Window(10_000, 10), Window(150_000, 300)),
    },
    # People make few things, an import makes thousands.
    "write": {
        "guest": (Window(60, 10), Window(600, 300), Window(5_000, 86_400)),
        "free": (Window(120, 10), Window(2_000, 300), Window(50_000, 86_400)),
        "pro": (Window(600, 10), Window(10_000, 300), Window(500_000, 86_400)),
        "enterprise": (Window(3_000, 10), Window(50_000, 300), Window(5_000_000, 86_400)),
    },
    # Each is an answer of a model; what they cost, and how many go on at once, is quota.py's.
    "ai": {tier: (Window(mine.requests_per_minute, 60),) for tier, mine in ALLOWANCES.items()},
    # Each is a request to a provider, and says whether a key is good: not for trying found ones.
    "key-tests": {
        "guest": (Window(1, 60),),
        "free": (Window(10, 60), Window(50, 3_600)),
        "pro": (Window(10, 60), Window(50, 3_600)),
        "enterprise": (Window(30, 60), Window(300, 3_600)),
    },
    # An integration asks for the tokens of its users with one account.
    "room-tokens": {
        "guest": (Window(300, 60),),
        "free": (Window(600, 60),),
        "pro": (Window(6_000, 60),),
        "enterprise": (Window(60_000, 60),),
    },
}
"""For those who are signed in, by user; others count as guests, by address."""
BY_ADDRESS: Final[Mapping[str, Windows]] = {
    # A campus or a class may share one address.
    "guests": (Window(300, 60), Window(3_000, 3_600)),
    "login": (Window(60, 60), Window(600, 3_600)),
    "register": (Window(60, 60), Window(300, 3_600)),
    "refresh": (Window(1_200, 60),),
    "mail": (Window(20, 60), Window(100, 3_600)),
}
BY_ACCOUNT: Final[Mapping[str, Windows]] = {
    # Guessing passwords of one account from many addresses; its owner still gets in between.
    "login": (Window(20, 300), Window(100, 86_400)),
    "mail": (Window(5, 900), Window(20, 86_400)),
}
FAIL_CLOSED: Final = frozenset(BY_ADDRESS)
"""Where unlimited guessing would be worse than an outage."""


class TooMany(Exception):
    """Asked too often; worth another try after `retry_after` seconds."""

    def __init__(self, what: str, window: Window, retry_after: int, headers: Mapping[str, str]) -> None:
        super().__init__(f"more than {window.count} in {window.seconds} s ({what}); wait {retry_after} s")
        self.retry_after = retry_after
        self.headers = headers


@dataclass(frozen=True, slots=True)
class _Counted:
    who: Who
    subject: Subject

    @property
    def what(self) -> str:
        return {"address": "from one address", "user": "by one user", "account": "for one account"}[self.who]


class Rates:
    """One per gateway."""

    def __init__(self, shared: SharedRates, factor: float) -> None:
        self._shared = shared
        self._factor = factor
        self._own = OwnRates()
        self.turned_away: Final = TurnedAway()
        """Whom this gateway refused lately."""

    async def take(self, operation: Operation, caller: Caller | None, address: str) -> Mapping[str, str]:
        """Count one request; the headers that say how many are left. Raises TooMany or StoreUnavailable."""
        return await self._take(operation.limit, self._counted(operation, caller, address))

    async def take_account(self, limit: str, account: object) -> None:
        """Count one attempt on an account, by its id; where there is none, by the name that was tried: nobody shall see
        the difference. Raises the same."""
        name = hashlib.sha256(str(account).strip().lower().encode()).hexdigest()[:32]
        windows = self._scaled(BY_ACCOUNT[limit])
        await self._take(limit, _Counted("account", Subject(f"{limit}:account:{name}", windows)))

    def allowed(self, tier: Tier) -> Mapping[str, Windows]:
        """What somebody signed in may do how often, by limit."""
        return {limit: self._scaled(by_tier[tier]) for limit, by_tier in BY_TIER.items()}

    def stated(self) -> tuple[Mapping[str, Mapping[Tier, Windows]], Mapping[str, Windows], Mapping[str, Windows]]:
        """All limits as they hold here, by name: those of users by tier, of addresses, and of accounts."""
        return (
            {limit: {tier: self._scaled(each) for tier, each in tiers.items()} for limit, tiers in BY_TIER.items()},
            {limit: self._scaled(windows) for limit, windows in BY_ADDRESS.items()},
            {limit: self._scaled(windows) for limit, windows in BY_ACCOUNT.items()},
        )

    def _counted(self, operation: Operation, caller: Caller | None, address: str) -> _Counted:
        limit = operation.limit or ("read" if operation.method in SAFE_METHODS else "write")
        if limit in BY_ADDRESS:
            place = network_of(address)
            return _Counted("address", Subject(f"{limit}:{place}", self._scaled(BY_ADDRESS[limit])))
        if caller is None:
            windows = self._scaled(BY_TIER[limit]["guest"])
            return _Counted("address", Subject(f"{limit}:{network_of(address)}", windows))
        windows = self._scaled(BY_TIER[limit][caller.tier])
        return _Counted("user", Subject(f"{limit}:{caller.user_id}", windows))

    async def _take(self, limit: str, counted: _Counted) -> Mapping[str, str]:
        subject = counted.subject
        try:
            (verdict,) = await self._shared.take([subject], PATIENT_WAIT if limit in FAIL_CLOSED else WAIT)
        except StoreUnavailable:
            if limit in FAIL_CLOSED:
                raise
            verdict = self._own.take(subject, time.monotonic_ns() // 1_000)
        headers = rate_headers(verdict, subject.windows)
        if not verdict.allowed:
            window = subject.windows[verdict.narrowest(subject.windows)]
            name, _, whose = subject.name.replace(":account:", ":").partition(":")
            self.turned_away.note(name, counted.who, whose, time.time(), verdict.wait)
            raise TooMany(counted.what, window, verdict.wait, headers)
        return headers

    def _scaled(self, windows: Windows) -> Windows:
        if self._factor == 1:
            return windows
        return tuple(Window(max(1, int(window.count * self._factor)), window.seconds) for window in windows)


class OwnRates:
    """The same count in this process alone, while Redis is away. Subjects not seen for longest are forgotten."""

    def __init__(self, subjects: int = BUCKETS) -> None:
        self._subjects = subjects
        self._tats: OrderedDict[str, dict[int, int]] = OrderedDict()

    def take(self, subject: Subject, now: int) -> Verdict:
        """One request at `now` (microseconds of any steady clock)."""
        verdict, tats = take(self._tats.pop(subject.name, {}), subject.windows, now)
        self._tats[subject.name] = tats
        if len(self._tats) > self._subjects:
            self._tats.popitem(last=False)
        return verdict


def rate_headers(verdict: Verdict, windows: Windows) -> Mapping[str, str]:
    """`RateLimit-Policy`, and `RateLimit` of the scarcest window (draft-ietf-httpapi-ratelimit-headers-10)."""
    at = verdict.narrowest(windows)
    left, window = verdict.left[at], windows[at]
    headers = {
        "RateLimit-Policy": ", ".join(f'"{each.seconds}s";q={each.count};w={each.seconds}' for each in windows),
        "RateLimit": f'"{window.seconds}s";r={verdict.remaining(windows)};t={(window.tolerance - left) // MICRO}',
    }
    return headers if verdict.allowed else headers | {"Retry-After": str(verdict.wait)}


def network_of(address: str) -> str:
    """What counts as one place: an IPv4 address, or the /64 that one IPv6 household has."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or IPv6Address(int(parsed) >> 64 << 64))
    return str(parsed)
