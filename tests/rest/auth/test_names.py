"""Usernames made of logins, addresses to go back to: pure functions under Hypothesis."""

import re
from urllib.parse import urlsplit

from hypothesis import given
from hypothesis import strategies as st

from gateway.auth.callbacks import safe_callback
from gateway.auth.usernames import as_username, first_free

SITE, APP = "https://atrium.example", "https://app.example"
USERNAME = re.compile(r"[a-z0-9][a-z0-9_-]{1,38}")  # the check in 0004_identities.sql


@given(st.text(max_size=60))
def test_any_login_becomes_a_username(login: str) -> None:
    """Whatever the login, what is made of it is a username."""
    assert USERNAME.fullmatch(as_username(login))


@given(st.text(alphabet="ab-", max_size=50), st.sets(st.integers(2, 99), max_size=98), st.booleans())
async def test_free_name_is_free(login: str, numbers: set[int], plain: bool) -> None:
    """The name found is a username that nobody has."""
    name = as_username(login)
    have = {f"{name[:36]}-{number}" for number in numbers} | ({name} if plain else set())

    async def taken(names: list[str]) -> set[str]:
        return have & set(names)

    found = await first_free(login, taken)
    assert USERNAME.fullmatch(found)
    assert found not in have


SCHEMES = st.sampled_from(
    ["", "/", "//", "\\", "/\\", "https:", "https:/", "https://", "http://", "javascript:", "data:"]
)
HOSTS = st.sampled_from(
    ["", "app.example", "evil.example", "app.example.evil.example", "atrium.example", "APP.example"]
)
TAILS = st.sampled_from(["", "/", "@evil.example", ":443", "?x", "#x", "\\@evil.example", "\t", "\n", "é"])


@given(st.one_of(st.text(), st.builds("{}{}{}{}".format, SCHEMES, HOSTS, TAILS, HOSTS)))
def test_nobody_is_sent_elsewhere(asked: str) -> None:
    """Whatever is asked for, the browser ends at our site or at a listed origin."""
    parts = urlsplit(safe_callback(asked, SITE, {APP}))
    assert f"{parts.scheme}://{parts.netloc}".lower() in (SITE, APP)
