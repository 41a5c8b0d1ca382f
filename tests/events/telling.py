"""Telling, and reading what was told, in tests."""

from typing import Any
from uuid import UUID

import msgspec

from store import teller
from store.event_log import EventLog
from store.happenings import Happening, add_happening, project_topic
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


class Told:
    """`await happen(project, kind, …)`: written in one transaction each, and told."""

    def __init__(self, postgres: Postgres, events: EventLog) -> None:
        self._postgres = postgres
        self._events = events

    async def __call__(self, project: str, *kinds: str, **data: object) -> None:
        project_id = UUID(project)
        for kind in kinds:
            topic = project_topic(project_id)
            await add_happening(self._postgres, Happening(topic=topic, kind=kind, project_id=project_id, data=data))
        await tell_all(self._postgres, self._events)
