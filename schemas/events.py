"""Events: what the logs of topics hold, and the messages of `GET /events`. By store/teller.py, gateway/events."""

from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import Raw, Struct


class Event(Struct, frozen=True, omit_defaults=True):
    """One happening, as it stands in its topic's log and reaches clients, who also get `topic` and `number`."""

    event: str
    """What happened: `project.updated`, `member.added`, …"""
    id: int
    """The happening's own: an event that is told twice has it twice."""
    at: datetime
    data: Raw
    actor_id: UUID | None = None
    file_id: UUID | None = None


encode_event = msgspec.json.Encoder().encode
