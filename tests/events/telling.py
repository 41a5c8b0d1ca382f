"""Telling, and reading what was told, in tests."""

from typing import Any

import msgspec

from store import teller
from store.event_log import EventLog
from store.postgres import Postgres


async def tell_all(postgres: Postgres, events: EventLog) -> int:
    """Run the teller until nothing is left; how many it told."""
    count = 0
    while some := await teller.tell(postgres, events):
        count += some
    return count


async def told(events: EventLog, topic: str) -> list[dict[str, Any]]:
    """All that a topic's log holds, decoded."""
    seen: list[dict[str, Any]] = []
    at = 0
    while records := (await events.read(topic, at)).records:
        seen += [msgspec.json.decode(record.payload) for record in records]
        at = records[-1].number
    return seen
