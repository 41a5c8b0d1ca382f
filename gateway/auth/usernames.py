"""Usernames for those who bring a login from elsewhere. Used by gateway/routes/oauth.py."""

import re
import secrets
from collections.abc import Awaitable, Callable

LENGTH = 39
"""Characters, as GitHub's."""


def as_username(login: str) -> str:
    """The login in the letters that usernames have, at least two of them; `user` where nothing is left."""
    name = re.sub(r"[^a-z0-9_-]+", "-", login.lower()).strip("-_")[:LENGTH]
    return name if len(name) >= 2 else "user"


async def first_free(login: str, taken: Callable[[list[str]], Awaitable[set[str]]]) -> str:
    """The login, or with a number behind it the first that nobody has; `taken` says which of some are taken."""
    name = as_username(login)
    names = [name, *(f"{name[: LENGTH - 3]}-{number}" for number in range(2, 100))]
    have = await taken(names)
    free = (each for each in names if each not in have)
    return next(free, f"{name[: LENGTH - 9]}-{secrets.token_hex(4)}")
