"""Bodies of `/api/admin/audit`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct

from schemas.pages import PageQuery
from schemas.patterns import NO_NUL

Word = Annotated[str, Meta(min_length=1, max_length=200, pattern=NO_NUL)]
Moment = Annotated[datetime, Meta(tz=True)]


class AuditEntry(Struct, frozen=True):
    """One security-relevant act."""

    id: int
    at: datetime
    act: str
    actor_id: UUID | None
    subject: str
    address: str
    request_id: str
    details: Mapping[str, Any]


class AuditQuery(PageQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Filters; all that are given must fit. `until` is exclusive."""

    actor_id: UUID | None = None
    act: Word | None = None
    subject: Word | None = None
    since: Moment | None = None
    until: Moment | None = None
