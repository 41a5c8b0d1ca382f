"""Every error as an HTTP problem (RFC 9457): the one place where exceptions meet status codes.

Called by middleware.py for whatever a route raised.
"""

from typing import Final

import msgspec
from aiohttp import web

from gateway.access import Denied
from gateway.auth.tokens import Expired, TokenError
from gateway.bodies import BadBody
from gateway.limits import RETRY_AFTER_SECONDS
from gateway.quota import OverQuota
from gateway.rates import TooMany
from gateway.refusals import Refused
from schemas.close_codes import CloseCode
from schemas.problems import CONTENT_TYPE, FieldError, Problem
from store.errors import PathTaken, StoreError, StoreUnavailable, TooManyFiles, Unstorable

# RFC 9457, section 3.1.1: a relative reference; these are anchors in the API's documentation.
_TYPE: Final = "/problems#"

_DENIED: Final = {
    CloseCode.MALFORMED: (400, "malformed"),
    CloseCode.UNAUTHENTICATED: (401, "unauthenticated"),
    CloseCode.FORBIDDEN: (403, "forbidden"),
    CloseCode.NOT_FOUND: (404, "not-found"),
}
_TITLES: Final = {
    "malformed": "The request cannot be read",
    "invalid": "The request does not have the right shape",
    "unauthenticated": "A valid access token is needed",
    "expired": "The access token has expired",
    "forbidden": "You may not do this",
    "not-found": "There is nothing here",
    "conflict": "Something stands in the way",
    "stale": "It was changed meanwhile",
    "method-not-allowed": "This URL does not take this method",
    "too-large": "The body is too large",
    "out-of-range": "The range lies behind the end",
    "too-many": "Too many requests",
    "internal": "Atrium made a mistake",
    "unavailable": "Part of Atrium is out of reach for a moment",
    "refused": "The request was refused",
    "unanswered": "No model answered",
}
_HTTP_KINDS: Final = {
    400: "malformed",
    404: "not-found",
    405: "method-not-allowed",
    413: "too-large",
    416: "out-of-range",
    429: "too-many",
    503: "unavailable",
}


def describe(error: Exception) -> tuple[int, str, str, tuple[FieldError, ...], dict[str, str]]:
    """An error as status, kind, detail, field errors and headers. Unknown ones are 500 and say nothing."""
    match error:
        case StoreUnavailable():
            return 503, "unavailable", f"{error.server} does not answer", (), _retry(error.retry_after)
        case PathTaken() | TooManyFiles():
            return 409, "conflict", str(error), (), {}
        case Unstorable():
            return 422, "invalid", "a value in the request, such as a NUL character, cannot be kept", (), {}
        case UnicodeEncodeError():
            return 400, "malformed", "the request holds characters that are no Unicode", (), {}
        case StoreError():
            return 503, "unavailable", "the database is not ready for this version", (), _retry(None)
        case Expired():
            return 401, "expired", str(error), (), _challenge("invalid_token", str(error))
        case TokenError():
            return 401, "unauthenticated", str(error), (), _challenge("invalid_token", str(error))
        case Denied():
            status, kind = _DENIED.get(error.code, (403, "forbidden"))
            headers = _challenge("invalid_token", error.reason) if status == 401 else {}
            return status, kind, error.reason, (), headers
        case Refused():
            return error.status, error.kind, error.detail, error.errors, {}
        case BadBody():
            return (
                error.status,
                "malformed" if error.status == 400 else "invalid",
                error.detail,
                error.errors,
                {},
            )
        case TooMany():
            return 429, "too-many", str(error), (), dict(error.headers)
        case OverQuota():
            return 429, "too-many", str(error), (), _retry(error.retry_after)
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(error.allowed_methods))
            return 405, "method-not-allowed", f"allowed here: {allowed}", (), {"Allow": allowed}
        case web.HTTPException():
            kind = _HTTP_KINDS.get(error.status, "refused")
            said = error.text or ""
            detail = "" if said.startswith(f"{error.status}: ") else said  # aiohttp's default says nothing
            return error.status, kind, detail, (), _kept(error)
        case _:
            return 500, "internal", "the error was logged under this request_id", (), {}


def problem_of(error: Exception, path: str = "", request_id: str = "") -> tuple[Problem, dict[str, str]]:
    """An error as a problem, with the headers of its response."""
    status, kind, detail, errors, headers = describe(error)
    problem = Problem(
        type=_TYPE + kind,
        title=_TITLES[kind],
        status=status,
        detail=detail,
        instance=path,
        request_id=request_id,
        errors=errors,
        retry_after=int(headers["Retry-After"]) if headers.get("Retry-After", "").isdigit() else None,
    )
    return problem, headers


def respond(error: Exception, path: str, request_id: str) -> web.Response:
    """An error as a response. `path` comes without its query: that may hold a token."""
    problem, headers = problem_of(error, path, request_id)
    body = msgspec.to_builtins(problem)
    if path.startswith("/v1/"):
        # Clients of OpenAI's API look for this member; to others it is an extension (RFC 9457, 3.2).
        kind = problem.type.removeprefix(_TYPE)
        field = problem.errors[0] if problem.errors else None
        message = f"{field.pointer}: {field.detail}" if field else problem.detail or problem.title
        pointer = field.pointer if field else None
        body["error"] = {"message": message, "type": kind, "param": pointer, "code": kind}
    headers = {"Cache-Control": "no-store"} | headers
    return web.Response(
        body=msgspec.json.encode(body), status=problem.status, headers=headers, content_type=CONTENT_TYPE
    )


def _retry(seconds: int | None) -> dict[str, str]:
    return {"Retry-After": str(seconds or RETRY_AFTER_SECONDS)}


def _challenge(error: str, description: str) -> dict[str, str]:
    # RFC 6750, section 3; every 401 must carry one. The descriptions are ours and hold no quotes.
    return {"WWW-Authenticate": f'Bearer realm="atrium", error="{error}", error_description="{description}"'}


def _kept(error: web.HTTPException) -> dict[str, str]:
    kept = ("Retry-After", "WWW-Authenticate", "Content-Range")
    return {name: error.headers[name] for name in kept if name in error.headers}
