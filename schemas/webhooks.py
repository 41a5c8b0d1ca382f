"""Bodies of `/api/webhooks`, and what is delivered (Standard Webhooks 1.0.0)."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from schemas.outbound import URL_LENGTH
from schemas.patterns import END, NO_NUL

EVENTS_MAX: Final = 50  # kinds in one filter
ENDPOINTS_PER_USER: Final = 20  # each happening of a project is looked up for each

Url = Annotated[str, Meta(min_length=8, max_length=URL_LENGTH)]
Description = Annotated[str, Meta(max_length=500, pattern=NO_NUL)]
EventFilter = Annotated[str, Meta(pattern=r"^[a-z]+(-[a-z]+)*\.([a-z]+(-[a-z]+)*|\*)" + END, max_length=60)]
Events = Annotated[list[EventFilter], Meta(max_length=EVENTS_MAX)]


class WebhookRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /api/webhooks`. Without `project_id`: of all projects in which the caller is an admin; no `events`: all."""

    url: Url
    events: Events = []
    project_id: UUID | None = None
    description: Description = ""


class WebhookChange(Struct, frozen=True, forbid_unknown_fields=True):
    """`PATCH /api/webhooks/{id}`; what is missing stays. Enabling gives a failing endpoint another chance."""

    url: Url | UnsetType = UNSET
    events: Events | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET


class Webhook(Struct, frozen=True):
    """An endpoint."""

    id: UUID
    url: str
    events: list[str]
    project_id: UUID | None
    description: str
    enabled: bool
    disabled_reason: str
    failing_since: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class WebhookSecret(Struct, frozen=True):
    """A new endpoint, or an old one with a new secret. The secret is shown this once."""

    webhook: Webhook
    secret: str


class Delivery(Struct, frozen=True):
    """One event on its way to an endpoint."""

    id: UUID
    event: str
    event_id: int | None
    status: str  # pending, delivered, failed
    attempts: int
    next_attempt_at: datetime | None
    last_attempt_at: datetime | None
    response_status: int | None
    error: str
    duration_ms: int | None
    created_at: datetime


class Delivered(Struct, frozen=True, omit_defaults=True):
    """What an endpoint gets."""

    type: str
    timestamp: datetime
    data: Raw
    id: int | None = None
    """The happening's: the same as in `/events`."""
    project_id: UUID | None = None
    actor_id: UUID | None = None
    file_id: UUID | None = None
