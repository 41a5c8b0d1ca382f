"""Bodies of `GET /api/files/{id}/blame`. Used by gateway/routes/blame.py."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct


class BlameRun(Struct, frozen=True):
    """Characters in a row that one person wrote. An embedded object is U+FFFC."""

    text: str
    user_id: UUID | None  # null: nobody is known for it
    user_name: str | None  # null also where the account is gone
    at: datetime | None  # within some minutes


class Blame(Struct, frozen=True):
    """A text in runs, in order; together they are the text that the ETag names."""

    etag: str
    runs: list[BlameRun]
