"""Tokens: what is believed, and what is not (gateway/auth/tokens.py)."""

import json
import time
from base64 import urlsafe_b64encode
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.auth.tokens import AccessToken, Expired, Forged, RoomToken, Tokens
from schemas.ids import new_id
from schemas.roles import Role

SECRET = "s" * 64  # long enough for HS512, which must be refused all the same
ME, SESSION, PROJECT = new_id(), new_id(), new_id()


def signed(key: str = SECRET, algorithm: str = "HS256", **changes: Any) -> str:
    """An access token with changed claims; None removes one."""
    now = int(time.time())
    claims = {"sub": str(ME), "sid": str(SESSION), "typ": "access", "iss": "atrium", "aud": "atrium"}
    claims |= {"iat": now, "exp": now + 3600} | changes
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, key, algorithm)


def test_access_token_says_who() -> None:
    """What was signed is read again."""
    token, seconds = Tokens(SECRET).sign_access(ME, SESSION)
    read = Tokens(SECRET).verify(token)
    assert isinstance(read, AccessToken)
    assert (read.user_id, read.session_id) == (ME, SESSION)
    assert read.expires_at == pytest.approx(time.time() + seconds, abs=5)


@pytest.mark.parametrize("role", list(Role))
def test_room_token_says_who_where_and_as_what(role: Role) -> None:
    """A room token keeps its project, role and name, in any script."""
    token, _ = Tokens(SECRET).sign_room(ME, SESSION, PROJECT, role, "Ада 😀", not_after=time.time() + 600)
    read = Tokens(SECRET).verify(token)
    assert isinstance(read, RoomToken)
    assert (read.user_id, read.project_id, read.role, read.display_name) == (ME, PROJECT, role, "Ада 😀")


def test_longest_name_fits() -> None:
    """A token with the longest name that an account may have is still read."""
    token, _ = Tokens(SECRET).sign_room(ME, SESSION, PROJECT, Role.VIEWER, "😀" * 100, not_after=time.time() + 600)
    assert isinstance(Tokens(SECRET).verify(token), RoomToken)


def test_expired_is_told_apart() -> None:
    """A good token that is too old is Expired, from the second that it says."""
    with pytest.raises(Expired):
        Tokens(SECRET).verify(signed(exp=int(time.time()) - 1))


@pytest.mark.parametrize(
    "token",
    [
        "",
        "nonsense",
        "..",
        "ü" * 20,
        "x" * 10_000,
        "\ud800",
        signed(key="t" * 64),
        signed(algorithm="HS512"),
        signed(iss="elsewhere"),
        signed(aud="elsewhere"),
        signed(aud=None),
        signed(exp=None),
        signed(typ=None),
        signed(typ="refresh"),
        signed(sub="me"),
        signed(sub=None),
        signed(sid=None),
        signed(sid=str(SESSION).upper()),
        signed(typ="room"),
        signed(typ="room", prj=str(PROJECT), name="x", role="king"),
        signed(key="", algorithm="none"),
        signed()[:-2],
        signed(key="t" * 64, exp=1),
    ],
    ids=map(str, range(100)),  # tokens differ from run to run
)
def test_forged_is_refused(token: str) -> None:
    """Anything that was not signed by us as one of our two kinds is Forged, and its text is not repeated."""
    with pytest.raises(Forged) as caught:
        Tokens(SECRET).verify(token)
    assert not token or token not in str(caught.value)


HEADERS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
NAMES = st.sampled_from(["alg", "typ", "kid", "crit", "b64", "jku", "x"])


@given(st.dictionaries(NAMES, HEADERS) | HEADERS | st.just({"alg": "HS256", "b64": False}))
def test_hostile_header_is_refused(header: object) -> None:
    """Whatever a token's header says, and however deep it is, the token is Forged and nothing else happens."""
    _, body, signature = signed().split(".")
    with pytest.raises(Forged):
        Tokens(SECRET).verify(f"{_part(json.dumps(header))}.{body}.{signature}")


@pytest.mark.parametrize("text", ["[" * 3_000, "1" * 2_900, "", "null", '{"alg":', '{"alg":"HS256"}' * 2, "\x00"])
def test_broken_header_is_refused(text: str) -> None:
    """A header that is no JSON, or too deep or too long a number for Python, is Forged."""
    _, body, signature = signed().split(".")
    with pytest.raises(Forged):
        Tokens(SECRET).verify(f"{_part(text)}.{body}.{signature}")


def _part(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def test_room_token_is_no_access_token() -> None:
    """Where an account is needed, a room token is Forged."""
    token, _ = Tokens(SECRET).sign_room(ME, SESSION, PROJECT, Role.OWNER, "x", not_after=time.time() + 600)
    with pytest.raises(Forged):
        Tokens(SECRET).verify_access(token)
