"""How often one address or user may ask: a token bucket per key, in this process. Used by the routes."""

from collections import OrderedDict

from gateway.limits import BUCKETS


class TooMany(Exception):
    """Asked too often; worth another try after `retry_after` seconds."""

    def __init__(self, what: str, per_minute: int, retry_after: int) -> None:
        super().__init__(f"more than {per_minute} {what} in a minute")
        self.retry_after = retry_after


class Allowance:
    """`per_minute` at once, and as many again each minute. Keys not seen for longest are forgotten."""

    def __init__(self, what: str, per_minute: int, keys: int = BUCKETS) -> None:
        self._what = what
        self._per_minute = per_minute
        self._keys = keys
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # key: (left, at)

    def take(self, key: str, now: float) -> None:
        """Count one request at `now` (seconds, any steady clock). Raises TooMany."""
        left, at = self._buckets.pop(key, (float(self._per_minute), now))
        left = min(float(self._per_minute), left + (now - at) * self._per_minute / 60)
        enough = left >= 1
        self._buckets[key] = (left - 1 if enough else left, now)
        if len(self._buckets) > self._keys:
            self._buckets.popitem(last=False)
        if not enough:
            raise TooMany(self._what, self._per_minute, int((1 - left) * 60 / self._per_minute) + 1)
