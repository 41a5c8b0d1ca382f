"""Running an operation: the same steps for every one, in this order.

    request ──► caller ──► rate limit ──► permit ──► query, body ──► (idempotency) ──► run(Call) ──► Answer ──► response

`handler` makes an aiohttp handler of an operation; what any step raises becomes a problem (problems.py).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec
from aiohttp import web

from gateway.access import Access, Denied
from gateway.addresses import address_of
from gateway.auth.caller import Caller
from gateway.auth.tokens import TokenError
from gateway.bodies import field_error, read_body
from gateway.limits import BODY_BYTES
from gateway.operation import ANY_SCOPE, LOGIN_ONLY, SAFE_METHODS, Answer, Operation, scope_of
from gateway.parts import PARTS, Parts
from gateway.permissions import known
from gateway.refusals import Forbidden, Invalid, Missing, Stale
from schemas.ids import parse_id
from schemas.problems import FieldError

REQUEST_ID_KEY: Final[web.RequestKey[str]] = web.RequestKey("request_id", str)
USER_KEY: Final[web.RequestKey[UUID]] = web.RequestKey("user", UUID)
"""Who asks, where somebody is known, for middleware.py to put into the log."""
LIMITS_KEY: Final[web.RequestKey[dict[str, str]]] = web.RequestKey("limits", dict[str, str])
"""The headers that say how many requests are left, for middleware.py to put on whatever is answered."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request to an operation, checked so far that the function can do its work."""

    request: web.Request
    parts: Parts
    operation: Operation
    maybe_caller: Caller | None
    maybe_access: Access | None
    body: Any
    query: Any

    @property
    def caller(self) -> Caller:
        """Who asks; raises Forged (401) for nobody."""
        return known(self.maybe_caller)

    @property
    def access(self) -> Access:
        """The caller's access to the project, in operations that require InProject."""
        assert self.maybe_access is not None, "the operation does not require InProject"
        return self.maybe_access

    def id(self, name: str = "id") -> UUID:
        """An id in the path; raises Missing for anything else."""
        try:
            return parse_id(self.request.match_info[name])
        except ValueError:
            raise Missing("there is nothing with this id") from None

    @property
    def address(self) -> str:
        """The client's address."""
        return address_of(self.request, self.parts.settings.trusted_proxies)

    @property
    def request_id(self) -> str:
        """Names the request in the log, in problems and in the audit log."""
        return str(self.request.get(REQUEST_ID_KEY, ""))

    def if_match(self) -> str | None:
        """The ETag that the caller wants to change, without quotes; None where any will do."""
        header = self.request.headers.get("If-Match", "").strip()
        if header in ("", "*"):
            return None
        if header.startswith('"') and header.endswith('"') and len(header) > 2 and "," not in header:
            return header[1:-1]
        raise Stale('If-Match takes the one ETag that a GET answered, such as "7"')

    def expected_version(self) -> int | None:
        """The same where ETags are version numbers. Raises Stale for what is not one of ours."""
        tag = self.if_match()
        if tag is None:
            return None
        if not (tag.isascii() and tag.isdecimal() and len(tag) < 10):
            raise Stale("If-Match names no version of this")
        return int(tag)


def handler(operation: Operation) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The aiohttp handler of an operation."""

    async def handle(request: web.Request) -> web.StreamResponse:
        parts = request.app[PARTS]
        caller = await _counted(request, operation)
        if caller is not None:
            _check_scope(operation, caller)
        access = await parts.permissions.permit(operation.may, caller, _ids(request))
        query = _query(request, operation)
        if operation.body_bytes != BODY_BYTES:
            request = request.clone(client_max_size=operation.body_bytes)
        body: Any = None
        if operation.body not in (None, bytes):
            body = await read_body(request, operation.body, optional=operation.optional_body)
        call = Call(request, parts, operation, caller, access, body, query)

        async def run() -> web.StreamResponse:
            try:
                answer = await operation.run(call)
            finally:
                if operation.method not in SAFE_METHODS:
                    parts.nudge()
            return answer if isinstance(answer, web.StreamResponse) else respond(request, operation, answer)

        return await (parts.repeats.once(request, caller, run) if operation.creates else run())

    return handle


def respond(request: web.Request, operation: Operation, answer: Any) -> web.Response:
    """A function's answer as a response; 304 where the caller has it already."""
    full = answer if isinstance(answer, Answer) else Answer(answer)
    # Most answers hold what few may see, some hold tokens.
    headers = {"Cache-Control": "no-store" if full.etag is None else "private, no-cache"} | dict(full.headers)
    if full.etag is not None:
        headers["ETag"] = quoted = f'"{full.etag}"'
        if request.method in SAFE_METHODS and _has(request.headers.get("If-None-Match", ""), quoted):
            return web.Response(status=304, headers=headers)
    if full.body is None:
        response = web.Response(status=full.status or 204, headers=headers)
    else:
        status = full.status or operation.status
        raw = msgspec.json.encode(full.body)
        response = web.Response(body=raw, status=status, headers=headers, content_type="application/json")
    for cookie in full.cookies:
        response.set_cookie(
            cookie.name,
            cookie.value,
            max_age=cookie.seconds if cookie.value else 0,
            secure=True,
            httponly=cookie.http_only,
            samesite=cookie.same_site,
            path="/",
        )
    return response


async def _counted(request: web.Request, operation: Operation) -> Caller | None:
    """Who asks, after counting the request. Raises what identity.py raises, TooMany, or StoreUnavailable."""
    parts = request.app[PARTS]
    address = address_of(request, parts.settings.trusted_proxies)
    caller: Caller | None = None
    refused: TokenError | Denied | Forbidden | None = None
    if not operation.ignores_credentials:
        try:
            caller = await parts.identity.of(request)
            if caller is not None:
                request[USER_KEY] = caller.user_id
        except (TokenError, Denied, Forbidden) as error:
            refused = error  # looking it up cost as much as any request
    request[LIMITS_KEY] = dict(await parts.rates.take(operation, caller, address))
    if refused is not None:
        raise refused
    return caller


def _check_scope(operation: Operation, caller: Caller) -> None:
    if caller.scopes is None:
        return
    scope = scope_of(operation)
    if scope == LOGIN_ONLY:
        raise Forbidden("a platform token cannot do this; sign in")
    if scope not in caller.scopes and scope != ANY_SCOPE:
        raise Forbidden(f"the token lacks the scope {scope}")


def _ids(request: web.Request) -> Mapping[str, str]:
    """What the URL names. `/api/files?project_id=…` is the one that names its project in the query."""
    if "id" in request.match_info or "project_id" not in request.query:
        return request.match_info
    return {**request.match_info, "id": request.query["project_id"]}


def _query(request: web.Request, operation: Operation) -> Any:
    if operation.query is None:
        return None
    given: dict[str, str] = {}
    for name, value in request.query.items():
        if name in given:
            raise Invalid.field(f"?{name}", "given twice")
        given[name] = value
    try:
        query = msgspec.convert(given, operation.query, strict=False)
    except msgspec.ValidationError as error:
        found = field_error(str(error))
        raise Invalid(
            "the query does not have the right shape", FieldError("?" + found.pointer.lstrip("/"), found.detail)
        ) from None
    for name in given:
        if getattr(query, name) is None:
            # msgspec takes the word `null` for nothing, except for a text; who means nothing leaves the parameter out.
            raise Invalid.field(f"?{name}", "`null` is no value of a query; leave it out")
    return query


def _has(header: str, etag: str) -> bool:
    return header.strip() == "*" or etag in [part.strip().removeprefix("W/") for part in header.split(",")]
