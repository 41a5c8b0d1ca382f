"""Who may: every operation of the table × everybody, generated from what the table says (gateway/permissions.py).

Each request stands in a project of its own and asks with an empty body: past the permission it may fail as it likes,
but nobody may get past it, or be stopped by it, other than the table says.
"""

import re
from collections.abc import AsyncIterator, Iterator
from typing import assert_never
from uuid import uuid4

import aiohttp
import psycopg
import pytest

from gateway.auth.tokens import Tokens
from gateway.launch.home import Home
from gateway.operation import LOGIN_ONLY, Operation, scope_of
from gateway.permissions import Anyone, InProject, Registered, Self, SignedIn, SiteAdmin
from gateway.routes.table import TABLE
from schemas.roles import Role
from tests.rest.api import Api, Reply
from tests.rest.people import MEMBERS, PERSONAS, Scene, scene
from tests.support.stack import Stack

PARAMETER = re.compile(r"\{(\w+)(?::[^}]*)?\}")
Connection = psycopg.Connection[tuple[object, ...]]
REFUSED = {401, 403}


def named(operation: Operation) -> str:
    return f"{operation.method} {operation.path}"


def expected(operation: Operation, persona: str, visibility: str) -> int | None:
    """The status with which the persona is refused; None where it gets past the permission."""
    signed_in = persona != "nobody"
    match operation.may:
        case Anyone():
            return None
        case InProject(role, public):
            if persona in MEMBERS:
                return None if Role(persona) >= role else 403
            if public and visibility != "private":
                return None if role is Role.VIEWER else 403 if signed_in else 401
            return 403 if signed_in else 401
        case SignedIn():
            return None if signed_in else 401
        case Registered():
            return 401 if not signed_in else 403 if persona == "guest" else None
        case SiteAdmin() | Self():  # Self: {id} is somebody else here
            return 401 if not signed_in else None if persona == "site admin" else 403
        case _:
            assert_never(operation.may)


def path_of(operation: Operation, made: Scene) -> str:
    """The operation's path with things of the scene in it."""
    ids = {"project": made.project, "file": made.file, "collaboration": made.collaboration}
    kind = operation.may.of if isinstance(operation.may, InProject) else None
    subject = ids[kind] if kind else made.somebody if isinstance(operation.may, Self) else uuid4()
    known = {"id": subject, "user_id": made.somebody, "seq": 1}
    return PARAMETER.sub(lambda found: str(known.get(found[1], uuid4())), operation.path)


async def ask(api: Api, operation: Operation, made: Scene) -> Reply:
    """The emptiest request that the operation might take."""
    raw = b"{}" if operation.body is not None else None
    lies_in_project = isinstance(operation.may, InProject)  # elsewhere it only narrows what is asked
    names_project = lies_in_project and "project_id" in getattr(operation.query, "__struct_fields__", ())
    query = f"?project_id={made.project}" if names_project else ""
    return await api.call(operation.method, path_of(operation, made) + query, token=made.person.token, raw=raw)


@pytest.fixture(scope="module")
def connection(stack: Stack) -> Iterator[Connection]:
    with psycopg.connect(stack.database_url, autocommit=True) as opened:
        yield opened


@pytest.fixture
def tokens(stack: Stack) -> Tokens:
    return Tokens(Home(stack.home).secret())


@pytest.fixture
async def api(stack: Stack) -> AsyncIterator[Api]:
    """One of the running gateways: some operations need its live documents."""
    async with aiohttp.ClientSession(stack.urls[0]) as session:
        yield Api(session)


@pytest.mark.parametrize("operation", TABLE, ids=named)
@pytest.mark.parametrize("visibility", ["private", "unlisted", "public"])
async def test_everybody_gets_as_far_as_the_table_says(
    api: Api, tokens: Tokens, connection: Connection, operation: Operation, visibility: str
) -> None:
    """Nobody, guest, stranger, viewer, commenter, editor, admin, owner and site admin: each as the requirement says."""
    if visibility != "private" and not isinstance(operation.may, InProject):
        return
    for persona in PERSONAS:
        made = scene(connection, tokens, persona, visibility=visibility)
        reply = await ask(api, operation, made)
        wanted = expected(operation, persona, visibility)
        said = f"{persona}: {reply.status} {reply.body}"
        assert reply.status < 500, said
        if wanted is not None:
            assert reply.status == wanted, said
        elif not isinstance(operation.may, Anyone) and persona != "nobody":
            assert reply.status not in REFUSED, said


@pytest.mark.parametrize("operation", TABLE, ids=named)
async def test_platform_tokens_need_the_scope(
    api: Api, tokens: Tokens, connection: Connection, operation: Operation
) -> None:
    """A platform token of a site admin and owner is refused by every operation whose scope it lacks."""
    everything = {"read", "write", "live", "admin"}
    lacking = sorted(everything - {scope_of(operation)})
    made = scene(connection, tokens, "owner", scopes=lacking)
    reply = await ask(api, operation, made)
    if operation.ignores_credentials:
        return
    if scope_of(operation) == LOGIN_ONLY or scope_of(operation) in everything:
        assert reply.status == 403, reply.body


async def test_unknown_things_are_not_found(api: Api, tokens: Tokens, connection: Connection) -> None:
    """What does not exist is 404 for whoever is signed in, whatever the operation and however the id is written."""
    made = scene(connection, tokens, "owner")
    for operation in TABLE:
        if isinstance(operation.may, InProject) and "{id}" in operation.path:
            for wrong in (str(uuid4()), "nonsense", str(made.project).upper()):
                path = PARAMETER.sub("1", operation.path.replace("{id}", wrong))
                raw = b"{}" if operation.body is not None else None
                reply = await api.call(operation.method, path, token=made.person.token, raw=raw)
                assert reply.status == 404, f"{named(operation)}: {reply.status} {reply.body}"
