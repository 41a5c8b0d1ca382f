"""Bodies of `/api/notifications`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from msgspec import Meta, Struct

from schemas.pages import PageQuery
from schemas.patterns import END

KINDS_MUTED: Final = 50  # as many as there are, and some

Kind = Annotated[str, Meta(pattern=r"^[a-z]+(-[a-z]+)*(\.[a-z]+(-[a-z]+)*)*" + END, max_length=60)]


class Notification(Struct, frozen=True):
    """Something that concerns the caller."""

    id: UUID
    kind: str
    actor_id: UUID | None
    project_id: UUID | None
    data: Mapping[str, Any]
    created_at: datetime
    read_at: datetime | None


class NotificationPage(Struct, frozen=True):
    """Newest first, with the number of those unread (of all pages; it stops counting at 1,000)."""

    items: list[Notification]
    next_cursor: str | None
    unread_count: int


class NotificationsQuery(PageQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`?unread=true` leaves out those that were read."""

    unread: bool = False


class Preferences(Struct, frozen=True, forbid_unknown_fields=True):
    """Which kinds the caller does not want."""

    muted: Annotated[list[Kind], Meta(max_length=KINDS_MUTED)]
