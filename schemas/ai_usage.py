"""Bodies of `/api/ai/usage` and of projects' budgets: what answers took, and what is left."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

Usd = Annotated[float, Meta(ge=0, le=1_000_000)]


class Quota(Struct, frozen=True):
    """One limit of a day (UTC): `held` is set aside for answers that are going on."""

    limit: float
    used: float
    held: float
    left: float


class UsageDay(Struct, frozen=True):
    """What was taken on a day; `own_…` by keys of one's own."""

    day: date
    requests: int
    tokens: int
    usd: float
    own_tokens: int
    own_usd: float


class UsageReport(Struct, frozen=True):
    """What the caller has, has used today and has left."""

    tier: str
    resets_at: datetime
    """When the day begins anew."""
    requests: Quota
    tokens: Quota
    """Input and output, by the server's keys."""
    usd: Quota
    """By the server's keys."""
    streams: Quota
    """At once."""
    days: list[UsageDay]
    """The latest 31 days on which there was something, newest first."""


class UsageLine(Struct, frozen=True):
    """What one answer took, with the price of its time."""

    stream_id: UUID
    at: datetime
    project_id: UUID | None
    model: str
    own_key: bool
    status: str
    input: int
    output: int
    reasoning: int
    cached: int
    estimated: bool
    """The provider did not say all of it."""
    usd: float
    charged_by: str
    """`provider`: it said so; `price`: by the table of prices; `assumption`: nobody knows its price."""


class BudgetRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """`PUT /api/projects/{id}/ai/budget`; null: as much as its people may spend."""

    usd_per_day: Usd | None


class Budget(Struct, frozen=True):
    """What a project's people may spend together in a day (UTC), by the server's keys."""

    usd_per_day: float | None
    usd_used: float
    usd_held: float
    days: list[UsageDay]
