"""Passwords: hashing by argon2id, and checking, in threads of their own. Which ones are too common is common.py.

Hashing takes 20 ms and 19 MB on purpose. A few threads do it, so that a gateway's loop and the machine's memory stay
free for the rest; beyond a queue people are asked to come back. Hashes by bcrypt, brought along from elsewhere, are
checked too, and replaced at the next sign-in.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeVar

import argon2
import bcrypt
from aiohttp import web

from gateway.limits import PASSWORD_QUEUE, PASSWORD_THREADS

BCRYPT_BYTES: Final = 72  # bcrypt never looked further; its Python library since 5.0 refuses more
_BCRYPT: Final = ("$2a$", "$2b$", "$2y$")
# OWASP's password storage cheat sheet, second choice: 19 MiB, two passes.
_ARGON: Final = argon2.PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_NOBODY: Final = (  # a hash with these parameters of what nobody can type: it makes unknown accounts take as long
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)
ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether a password was right; `better` is a hash to keep instead of the one it was checked against."""

    right: bool
    better: str | None = None


class Passwords:
    """One per gateway; its threads begin with the first password."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(PASSWORD_THREADS, thread_name_prefix="password")
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """An argon2id hash, with its parameters and salt. Raises HTTPServiceUnavailable when too many wait."""
        return await self._run(lambda: _ARGON.hash(password))

    async def check(self, password: str, hashed: str | None) -> Checked:
        """Whether it is the password; without a hash it takes as long, and is wrong. Raises the same."""
        return await self._run(lambda: _check(password, hashed))

    def close(self) -> None:
        """End the threads, without waiting for what they do."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], ResultT]) -> ResultT:
        if self._waiting >= PASSWORD_QUEUE:
            raise web.HTTPServiceUnavailable(text="too many sign in just now", headers={"Retry-After": "2"})
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def _check(password: str, hashed: str | None) -> Checked:
    if hashed is not None and hashed.startswith(_BCRYPT):
        right = _check_bcrypt(password, hashed)
        return Checked(right, _ARGON.hash(password) if right else None)
    try:
        _ARGON.verify(hashed or _NOBODY, password)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return Checked(False)
    if hashed is None:
        return Checked(False)
    return Checked(True, _ARGON.hash(password) if _ARGON.check_needs_rehash(hashed) else None)


def _check_bcrypt(password: str, hashed: str) -> bool:
    raw = password.encode()[:BCRYPT_BYTES]
    try:
        return b"\0" not in raw and bcrypt.checkpw(raw, hashed.encode())
    except ValueError:  # the row holds no hash that bcrypt made
        return False
