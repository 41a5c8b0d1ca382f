"""`POST /api/auth/guest`."""

import pytest

from gateway.auth.tokens import Tokens
from gateway.limits import ACCESS_TOKEN_SECONDS
from tests.rest.api import Api


async def test_guest_gets_an_account_and_a_token(api: Api, tokens: Tokens) -> None:
    """A guest is a user with an access token that names the user and lives as long as it says."""
    answer = await api.guest(display_name="Ada")
    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] == ACCESS_TOKEN_SECONDS
    assert answer["user"]["display_name"] == "Ada"
    assert answer["user"]["is_guest"] is True
    assert str(tokens.verify_access(answer["access_token"]).user_id) == answer["user"]["id"]


async def test_answer_is_not_kept(api: Api) -> None:
    """An answer that holds a token must not be stored by anything on the way (RFC 6749, section 5.1)."""
    assert (await api.call("POST", "/api/auth/guest")).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("raw", [b"", b"{}", b" \n", b'{"display_name": null}'])
async def test_body_is_optional(api: Api, raw: bytes) -> None:
    """Without a body or a name, a guest gets a name all the same."""
    reply = await api.call("POST", "/api/auth/guest", raw=raw)
    assert reply.status == 201
    assert reply.body["user"]["display_name"].startswith("Guest ")


async def test_guests_are_different_people(api: Api) -> None:
    """Every call makes another user."""
    first, second = await api.guest(), await api.guest()
    assert first["user"]["id"] != second["user"]["id"]


async def test_any_script_is_a_name(api: Api) -> None:
    """A name may be written in any script, up to its length in characters."""
    name = "Ведьма 😀" + "长" * 92
    assert (await api.guest(display_name=name))["user"]["display_name"] == name


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [
        (b'{"display_name": ""}', "/display_name"),
        (b'{"display_name": "   "}', "/display_name"),
        (b'{"display_name": "a\\u0000b"}', "/display_name"),
        (b'{"display_name": "a\\nb"}', "/display_name"),
        (b'{"display_name": "' + b"x" * 101 + b'"}', "/display_name"),
        (b'{"display_name": 7}', "/display_name"),
        (b'{"nickname": "Ada"}', "/nickname"),
        (b"[]", ""),
        (b"7", ""),
    ],
)
async def test_wrong_shape_is_pointed_at(api: Api, raw: bytes, pointer: str) -> None:
    """A body of the wrong shape is a 422 problem that points at the field."""
    problem = (await api.call("POST", "/api/auth/guest", raw=raw)).problem(422, "invalid")
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert problem["errors"][0]["detail"]


@pytest.mark.parametrize("raw", [b"{", b"nonsense", b'{"display_name": "\xff"}', b'"\\ud800"'])
async def test_not_json_is_malformed(api: Api, raw: bytes) -> None:
    """A body that is no JSON is a 400 problem."""
    (await api.call("POST", "/api/auth/guest", raw=raw)).problem(400, "malformed")
