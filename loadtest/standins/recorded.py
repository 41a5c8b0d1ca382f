"""What a stand-in was asked, and what became of it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from time import monotonic
from typing import Any


@dataclass(slots=True)
class Recorded:
    """One request. Times are those of `time.monotonic`, which all processes of a machine share."""

    dialect: str
    method: str
    path: str
    """With its query."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: Any
    """As JSON says it; None without one."""
    at: float = field(default_factory=monotonic)
    sent: list[float] = field(default_factory=list)
    """When each token was sent."""
    kept_alive: int = 0
    """Keep-alives sent after the fault `alive`."""
    ended_at: float | None = None
    """When the answer, or what there was of it, was sent."""
    closed_at: float | None = None
    """When the client left before that."""
    over: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when either happened."""

    def ended(self) -> None:
        """All was sent."""
        if not self.over.is_set():
            self.ended_at = monotonic()
            self.over.set()

    def closed(self) -> None:
        """The client left in the middle."""
        if not self.over.is_set():
            self.closed_at = monotonic()
            self.over.set()

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {
            each.name: dict(self.headers) if each.name == "headers" else getattr(self, each.name)
            for each in fields(self)
            if each.name != "over"
        }
