"""Idempotency-Key (gateway/repeats.py): a POST that creates, sent twice, has one effect and one answer."""

import asyncio
from uuid import UUID, uuid4

import pytest
from aiohttp import web
from aiohttp.streams import EMPTY_PAYLOAD
from aiohttp.test_utils import make_mocked_request

from gateway.auth.caller import Caller
from gateway.refusals import Conflict
from gateway.repeats import Repeats
from gateway.routes.table import TABLE
from store.postgres import Postgres
from tests.rest.api import Api, Reply
from tests.rest.databases import execute

PROJECTS = "/api/projects"


async def create(api: Api, token: str, key: str, name: str = "Thesis") -> Reply:
    return await api.call("POST", PROJECTS, token=token, json={"name": name}, headers={"Idempotency-Key": key})


def count(database: str, owner: str) -> int:
    (found,) = execute(database, "SELECT count(*) FROM projects WHERE owner_id = %s", owner)
    assert isinstance(found[0], int)
    return found[0]


async def test_twenty_at_once_have_one_effect(api: Api, database: str) -> None:
    """However many copies of one request arrive at the same moment: one project, and the same answer to all."""
    guest = await api.guest()
    replies = await asyncio.gather(*(create(api, guest["access_token"], "a-key") for _ in range(20)))
    assert {reply.status for reply in replies} == {201}
    assert len({reply.body["id"] for reply in replies}) == 1
    assert sum("Idempotent-Replayed" in reply.headers for reply in replies) == 19
    assert count(database, guest["user"]["id"]) == 1


async def test_keys_are_of_one_user(api: Api) -> None:
    """Another user's equal key is another key."""
    first, second = await create(api, await api.token(), "same"), await create(api, await api.token(), "same")
    assert first.body["id"] != second.body["id"]


async def test_key_of_another_request_is_refused(api: Api) -> None:
    """One key for two different bodies is a mistake, and says so."""
    token = await api.token()
    assert (await create(api, token, "k", "one")).status == 201
    (await create(api, token, "k", "two")).problem(422, "invalid")


async def test_key_of_another_query_is_refused(api: Api) -> None:
    """The query is part of the request: the same body for another project is not answered with the first one's file."""
    token = await api.token()
    first, second = await api.project(token), await api.project(token)
    headers = {"Idempotency-Key": "k"}

    async def make(project: str) -> Reply:
        path = f"/api/files?project_id={project}"
        return await api.call("POST", path, token=token, json={"path": "a"}, headers=headers)

    made = await make(first)
    assert (made.status, made.body["project_id"]) == (201, first)
    assert (await make(first)).body["id"] == made.body["id"]
    (await make(second)).problem(422, "invalid")


async def test_path_that_was_taken_frees_the_key(api: Api) -> None:
    """A file in the way refuses the request, and leaves no doubt that it had no effect."""
    token = await api.token()
    project = await api.project(token)
    path, body = f"/api/projects/{project}/files", {"path": "a"}
    there = (await api.call("POST", path, token=token, json=body)).body["id"]
    headers = {"Idempotency-Key": "k"}
    (await api.call("POST", path, token=token, json=body, headers=headers)).problem(409, "conflict")
    assert (await api.call("DELETE", f"/api/files/{there}", token=token)).status == 204
    assert (await api.call("POST", path, token=token, json=body, headers=headers)).status == 201


async def test_refused_request_frees_its_key(api: Api, postgres: Postgres) -> None:
    """What was refused had no effect: corrected, it may use the key again."""
    guest = await api.guest()
    caller = Caller(UUID(guest["user"]["id"]), uuid4(), "Ada", True, False, "guest", None, 0.0, 0.0)
    request = make_mocked_request("POST", PROJECTS, headers={"Idempotency-Key": "k"}, payload=EMPTY_PAYLOAD)

    async def refuse() -> web.StreamResponse:
        raise Conflict("no")

    with pytest.raises(Conflict):
        await Repeats(postgres).once(request, caller, refuse)
    assert (await create(api, guest["access_token"], "k")).status == 201


@pytest.mark.parametrize("key", ["", " ", "a b", "é", "x" * 256])
async def test_malformed_key_is_refused(api: Api, key: str) -> None:
    """A key that cannot be one is 400, not ignored."""
    (await create(api, await api.token(), key)).problem(400, "malformed")


async def test_unknown_outcome_is_never_a_second_effect(api: Api, database: str) -> None:
    """A request whose process died is not run again under its key: its outcome is unknown, and the answer says so."""
    guest = await api.guest()
    assert (await create(api, guest["access_token"], "k")).status == 201
    execute(
        database,
        "UPDATE repeats SET status = NULL, begun_at = now() - interval '2 minutes' WHERE subject = %s",
        guest["user"]["id"],
    )
    (await create(api, guest["access_token"], "k")).problem(409, "conflict")
    assert count(database, guest["user"]["id"]) == 1


def test_what_creates_and_takes_no_key() -> None:
    """Those alone whose answer holds a secret: remembering it would keep what is nowhere else. And messages, which take
    a `client_msg_id`.
    """
    assert {operation.path for operation in TABLE if operation.status == 201 and not operation.creates} == {
        "/api/auth/guest",
        "/api/auth/register",
        "/api/projects/{id}/invites",
        "/api/tokens",
        "/api/webhooks",
        "/api/ai/chats/{id}/messages",
        "/api/ai/chats/{id}/messages/{message_id}/edit",
        "/api/ai/chats/{id}/messages/{message_id}/regenerate",
    }
