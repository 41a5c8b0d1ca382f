"""An operation: one method and path, what it takes and answers, who may call it. Their table is routes/table.py.

Everything that goes through all operations reads it: operations.py runs it, rates.py counts it, openapi.py describes
it, and the tests of who may are made from it.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.limits import BODY_BYTES
from gateway.permissions import Requirement

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
ANY_SCOPE: Final = "any"
LOGIN_ONLY: Final = "login"


@dataclass(frozen=True, slots=True)
class Cookie:
    """One cookie of an answer; `__Host-` cookies are secure, of this host, of every path. An empty value removes it."""

    name: str
    value: str
    seconds: int
    http_only: bool = True
    same_site: str = "Lax"


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operation answers when more than a body is to be said."""

    body: Any = None
    status: int | None = None
    """None: as the operation says."""
    etag: str | None = None
    """A strong validator without its quotes: a version number."""
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: tuple[Cookie, ...] = ()


Run = Callable[[Any], Awaitable[Any]]
"""Takes a Call; gives a struct, an Answer, None (204), or a response of its own (a stream)."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One line of the table. The first line of the function's docstring is its summary in the API's documentation."""

    method: str
    path: str
    run: Run
    may: Requirement
    body: Any = None
    """The struct that the body is decoded to; None takes no body, `bytes` leaves it to the function."""
    optional_body: bool = False
    body_bytes: int = BODY_BYTES
    """How large a body may be; past it, 413."""
    query: Any = None
    """The struct of the query's parameters; None takes none."""
    answers: Any = None
    """The struct of the answer; None is 204, `bytes` anything else."""
    status: int = 200
    or_status: int | None = None
    """Another one with the same body."""
    also: tuple[str, ...] = ()
    """Further paths of the same operation."""
    creates: bool = False
    """Whether a repetition with the same Idempotency-Key gets the first answer instead of a second effect."""
    ignores_credentials: bool = False
    """Whether nobody is looked for, so that an expired token in the way refuses nothing; for signing in, and so on."""
    limit: str = ""
    """Which rate limit it counts against (gateway/rates.py); empty: `read` or `write`, by its method."""
    scope: str = ""
    """What a platform token needs; empty: `read` or `write`, by its method; LOGIN_ONLY: platform tokens may not."""


def scope_of(operation: Operation) -> str:
    """What a platform token needs for it."""
    return operation.scope or ("read" if operation.method in SAFE_METHODS else "write")
