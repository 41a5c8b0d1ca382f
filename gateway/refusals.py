"""What the routes refuse, and why. Each becomes a problem (RFC 9457) in problems.py, the one place that knows how.

Refused
├── Unreadable        400  the request cannot be read: not JSON, a header of another form
├── Forbidden         403  known, and may not
├── Missing           404  not there, or not for this caller to know of
├── Conflict          409  the state of things does not allow it: a name is taken, the last owner leaves
├── Stale             412  If-Match names a version that is no longer the current one
└── Invalid           422  understood, but a field cannot be so; points at the field
"""

from typing import ClassVar

from schemas.problems import FieldError


class Refused(Exception):
    """The base: `detail` says what to do, for people; `errors` say where, for programs."""

    status: ClassVar[int] = 400
    kind: ClassVar[str] = "refused"

    def __init__(self, detail: str, *errors: FieldError) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors


class Unreadable(Refused):
    """The request cannot be read; the caller corrects its form."""

    status, kind = 400, "malformed"


class Forbidden(Refused):
    """Known, and may not do this; asking again does not help."""

    status, kind = 403, "forbidden"


class Missing(Refused):
    """Nothing is here, or nothing that this caller may know of."""

    status, kind = 404, "not-found"


class Conflict(Refused):
    """Another thing stands in the way; `detail` names it."""

    status, kind = 409, "conflict"


class Unanswered(Refused):
    """No model answered; `detail` says why the last one did not."""

    status, kind = 502, "unanswered"


def unanswered(kind: str, message: str) -> Refused:
    """Why nobody answered, as HTTP says it; the kinds stand in ai_router/heard.py."""
    match kind:
        case "not-found":
            return Missing(message)
        case "authentication" | "payment":
            return Forbidden(message)
        case "invalid" | "too-long" | "filtered":
            return Invalid(message)
        case _:
            return Unanswered(f"{kind}: {message}")


class Stale(Refused):
    """Somebody was faster: read it again, then try again with its new ETag."""

    status, kind = 412, "stale"


class Invalid(Refused):
    """One field, named by a JSON pointer (`/name`) or a query parameter (`?limit`), cannot be so."""

    status, kind = 422, "invalid"

    @classmethod
    def field(cls, pointer: str, detail: str) -> "Invalid":
        """The usual form: one field."""
        return cls("the request does not have the right shape", FieldError(pointer, detail))
