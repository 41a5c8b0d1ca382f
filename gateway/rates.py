"""Rate limits by tier. Called for every operation, before anything is read from it.

One process at a time counts for itself: see Allowance.
"""

import time
from collections.abc import Mapping

from gateway.allowance import Allowance
from gateway.auth.caller import Caller
from gateway.limits import PROJECTS_PER_USER_PER_MINUTE, ROOM_TOKENS_PER_USER_PER_MINUTE
from gateway.operation import Operation


class Rates:
    """One per gateway."""

    def __init__(self, guests_per_minute: int) -> None:
        self._guests = Allowance("guests from one address", guests_per_minute)
        self._by_user = {
            "projects": Allowance("projects by one user", PROJECTS_PER_USER_PER_MINUTE),
            "room-tokens": Allowance("room tokens for one user", ROOM_TOKENS_PER_USER_PER_MINUTE),
        }

    async def take(self, operation: Operation, caller: Caller | None, address: str, now: float) -> Mapping[str, str]:
        """Count one request; the headers that say how many are left. Raises TooMany."""
        if operation.limit == "guests":
            self._guests.take(address, time.monotonic())
        elif caller is not None and operation.limit in self._by_user:
            self._by_user[operation.limit].take(str(caller.user_id), time.monotonic())
        return {}
