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


class PersonalBudgets(Struct, frozen=True):
    """What a person may spend in a day (UTC) by the server's keys, in USD: the least of them. Null: nobody said it."""

    tier: float
    own: float | None
    """`PUT /api/ai/budget`."""
    admin: float | None
    """`PUT /api/admin/users/{id}/ai/budget`."""


class PersonalBudget(Struct, frozen=True):
    """A person's budgets, and what they used of them today."""

    usd_per_day: float
    """The least of them."""
    usd_used: float
    usd_held: float
    resets_at: datetime
    budgets: PersonalBudgets


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
    """By the server's keys: the least of the budgets below."""
    budgets: PersonalBudgets
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
    """A budget; null: none, so that only the others hold."""

    usd_per_day: Usd | None


class Budget(Struct, frozen=True):
    """What a project's people may spend together in a day (UTC), by the server's keys."""

    usd_per_day: float | None
    usd_used: float
    usd_held: float
    days: list[UsageDay]
