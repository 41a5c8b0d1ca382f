"""Refresh tokens: which one of a login is good, what it is exchanged for, and when two people hold the same one.

A login has one refresh token at a time: generation 0, 1, 2 … Using generation n makes n + 1. What a client cannot help
must not log it out: two tabs send the same n at once; an answer is lost, also for days. What a thief does must: whoever
of the thief and the victim comes second has a token that was exchanged already.

    presented                     what it means                                       answer
    current                       the usual                                           the next one
    the one exchanged for it,
      within GRACE                another tab, or the answer was lost                 the same as then
      later, and nobody came
      with what it brought        the answer was lost: nobody holds that one          a new one; that one is dead
      within twice GRACE          a tab that began within GRACE, and was slow         the same as then
      later                       two people                                          the login ends
    any other                     two people                                          the login ends

`present` is the whole decision; gateway/auth/logins.py runs it on a locked row. A token is a MAC over the login and the
generation, so that the same successor can be given twice and nothing secret is stored.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from gateway.limits import REFRESH_GRACE_SECONDS

PREFIX: Final = "atrr_"  # so that scanners for leaked secrets find them
_NUMBER_BYTES: Final = 8
_BYTES: Final = 16 + _NUMBER_BYTES + 32


@dataclass(frozen=True, slots=True)
class Presented:
    """A refresh token that this server made: of which login, and its generation."""

    session_id: UUID
    generation: int


@dataclass(frozen=True, slots=True)
class Generations:
    """What a login knows of its refresh tokens."""

    current: int
    used: int
    """The generation that was exchanged for the current one; -1 at first."""
    seen: int
    """The latest generation whose access token was used; -1 at first."""
    age: float
    """Seconds since the current one was made."""


@dataclass(frozen=True, slots=True)
class Moved:
    """It is exchanged: `current` and `used` are to be kept."""

    current: int
    used: int


@dataclass(frozen=True, slots=True)
class Repeated:
    """It was exchanged a moment ago; the answer is the same."""

    current: int


@dataclass(frozen=True, slots=True)
class Reused:
    """Two people hold tokens of this login: it ends."""


def present(known: Generations, generation: int) -> Moved | Repeated | Reused:
    """What presenting a token means."""
    if generation == known.current:
        return Moved(current=known.current + 1, used=generation)
    if generation != known.used:
        return Reused()
    if known.age <= REFRESH_GRACE_SECONDS:
        return Repeated(known.current)
    if known.seen < known.current:
        return Moved(current=known.current + 1, used=generation)
    # Another tab sent it within the grace, and was faster: this one is no later than a request takes.
    return Repeated(known.current) if known.age <= 2 * REFRESH_GRACE_SECONDS else Reused()


class RefreshTokens:
    """Writes and reads them, with a key made of the server's secret."""

    def __init__(self, secret: str) -> None:
        self._key = hashlib.sha256(b"refresh:" + secret.encode()).digest()

    def write(self, session_id: UUID, generation: int) -> str:
        """PREFIX and, in URL-safe base64, the login's 16 bytes, the generation's 8, and their HMAC-SHA-256."""
        named = session_id.bytes + generation.to_bytes(_NUMBER_BYTES, "big")
        return PREFIX + base64.urlsafe_b64encode(named + self._mac(named)).decode().rstrip("=")

    def read(self, token: str) -> Presented | None:
        """The inverse; None for what this server did not make."""
        text = token.removeprefix(PREFIX)
        if len(token) > 2 * _BYTES or not token.startswith(PREFIX):
            return None
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        named, mac = raw[:-32], raw[-32:]
        if len(raw) != _BYTES or not hmac.compare_digest(self._mac(named), mac):
            return None
        return Presented(UUID(bytes=named[:16]), int.from_bytes(named[16:], "big"))

    def _mac(self, named: bytes) -> bytes:
        return hmac.new(self._key, named, hashlib.sha256).digest()
