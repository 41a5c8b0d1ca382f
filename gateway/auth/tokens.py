"""Access tokens and room tokens: JSON Web Tokens (RFC 7519), HS256, issuer and audience `atrium`.

An access token says who (`sub`) and by which session (`sid`); an account's role is looked up when it is
used. A room token says who, in which project (`prj`), with which role, and opens its documents alone:
it can be handed to an editor without handing over the account. Made by gateway/routes, read by access.py.
"""

import base64
import binascii
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import jwt

from gateway.limits import ACCESS_TOKEN_SECONDS, PROVED_TOKENS, ROOM_TOKEN_SECONDS, TOKEN_BYTES
from schemas.ids import parse_id
from schemas.roles import Role

ALGORITHM: Final = "HS256"  # pinned: the token's own `alg` is never asked
PARTY: Final = "atrium"  # both who issues and who is addressed
PLATFORM_PREFIX: Final = "atr_"  # so that scanners for leaked secrets find them
PLATFORM_SECRET_BYTES: Final = 32


class TokenError(Exception):
    """A token that proves nothing. The message is safe to show, and never holds the token."""


class Expired(TokenError):
    """The token was good once; ask for another."""


class Forged(TokenError):
    """Not a token of ours: wrong signature, wrong kind, or not a token at all."""


@dataclass(frozen=True, slots=True)
class AccessToken:
    """Proof of who somebody is."""

    user_id: UUID
    session_id: UUID
    expires_at: float  # Unix time, seconds
    generation: int = 0
    """Of the refresh token that was made with it (gateway/auth/refresh.py)."""


@dataclass(frozen=True, slots=True)
class PlatformToken:
    """What a machine presents: the id of its row and the secret that the row holds a hash of. Not a JSON Web Token:
    it lasts long, and its owner must be able to end it."""

    session_id: UUID
    secret: bytes


@dataclass(frozen=True, slots=True)
class RoomToken:
    """Proof of a role in one project, as long as the session that asked for it is good."""

    user_id: UUID
    session_id: UUID
    project_id: UUID
    role: Role
    display_name: str
    expires_at: float  # Unix time, seconds


class Tokens:
    """Signs and verifies with one secret. `now` is the clock for signing, in Unix seconds."""

    def __init__(self, secret: str, now: Callable[[], float] = time.time) -> None:
        self._key = secret.encode()
        self._now = now
        self._proved: dict[str, AccessToken | RoomToken] = {}
        """Tokens whose signature was checked: people send theirs again and again, and a check costs 60 us."""

    def sign_access(self, user_id: UUID, session_id: UUID, generation: int = 0) -> tuple[str, int]:
        """A token and the seconds that it is good for."""
        claims: dict[str, object] = {"sub": str(user_id), "sid": str(session_id), "typ": "access"}
        if generation:
            claims["gen"] = generation
        return self._sign(claims, ACCESS_TOKEN_SECONDS), ACCESS_TOKEN_SECONDS

    def sign_room(
        self, user_id: UUID, session_id: UUID, project_id: UUID, role: Role, display_name: str, not_after: float
    ) -> tuple[str, int]:
        """A token and the seconds that it is good for; it never outlives `not_after` (Unix time)."""
        seconds = max(1, min(ROOM_TOKEN_SECONDS, int(not_after - self._now())))
        claims = {
            "sub": str(user_id),
            "sid": str(session_id),
            "prj": str(project_id),
            "role": role.value,
            "name": display_name,
            "typ": "room",
        }
        return self._sign(claims, seconds), seconds

    def verify_access(self, token: str) -> AccessToken:
        """Read an access token; raises Expired or Forged."""
        match self.verify(token):
            case AccessToken() as access:
                return access
            case _:
                raise Forged("a room token opens documents only; use the access token here")

    def verify(self, token: str) -> AccessToken | RoomToken | PlatformToken:
        """Read a token of any kind; raises Expired or Forged. A platform token is only read: its row proves it."""
        if token.startswith(PLATFORM_PREFIX):
            return _read_platform_token(token)
        proved = self._proved.get(token)
        if proved is None or proved.expires_at <= time.time():
            proved = self._read(token)
            if len(self._proved) >= PROVED_TOKENS:
                self._proved.clear()
            self._proved[token] = proved
        return proved

    def session_of(self, token: str) -> UUID | None:
        """The session of an access token of ours that may have expired; it proves nothing but whose it was."""
        try:
            claims = self._claims(token, expired=True)
            return parse_id(claims["sid"]) if claims.get("typ") == "access" else None
        except (TokenError, KeyError, TypeError, ValueError):
            return None

    def _read(self, token: str) -> AccessToken | RoomToken:
        claims = self._claims(token)
        try:
            match claims["typ"]:
                case "access":
                    return AccessToken(
                        user_id=parse_id(claims["sub"]),
                        session_id=parse_id(claims["sid"]),
                        expires_at=float(claims["exp"]),
                        generation=int(claims.get("gen", 0)),
                    )
                case "room":
                    return RoomToken(
                        user_id=parse_id(claims["sub"]),
                        session_id=parse_id(claims["sid"]),
                        project_id=parse_id(claims["prj"]),
                        role=Role(claims["role"]),
                        display_name=str(claims["name"]),
                        expires_at=float(claims["exp"]),
                    )
        except (KeyError, TypeError, ValueError):
            raise Forged("the token lacks what a token of Atrium holds") from None
        raise Forged("the token is of another kind")

    def _sign(self, claims: Mapping[str, object], seconds: int) -> str:
        now = int(self._now())
        payload = {**claims, "iss": PARTY, "aud": PARTY, "iat": now, "exp": now + seconds}
        return jwt.encode(payload, self._key, algorithm=ALGORITHM)

    def _claims(self, token: str, expired: bool = False) -> dict[str, Any]:
        if not token:
            raise Forged("no token was given")
        if len(token) > TOKEN_BYTES or not token.isascii():
            raise Forged(f"a token has at most {TOKEN_BYTES} ASCII characters")
        try:
            return jwt.decode(
                token,
                self._key,
                algorithms=[ALGORITHM],
                issuer=PARTY,
                audience=PARTY,
                # A clock that runs behind the signer's must not refuse a token that was just made.
                options={
                    "require": ["exp", "iat", "sub", "iss", "aud"],
                    "verify_iat": False,
                    "verify_exp": not expired,
                },
            )
        except jwt.ExpiredSignatureError:
            raise Expired("the token has expired") from None
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            # PyJWT parses the header before it checks anything, and lets some of json's errors through.
            # Its texts may quote parts of the token, hence `from None`.
            raise Forged("the token was not made by this server") from None


def write_platform_token(session_id: UUID, secret: bytes) -> str:
    """`atr_` and, in URL-safe base64, the 16 bytes of the id and the secret's 32."""
    return PLATFORM_PREFIX + base64.urlsafe_b64encode(session_id.bytes + secret).decode()


def _read_platform_token(token: str) -> PlatformToken:
    try:
        raw = base64.b64decode(token.removeprefix(PLATFORM_PREFIX), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 16 + PLATFORM_SECRET_BYTES:
        raise Forged("the token was not made by this server")
    return PlatformToken(UUID(bytes=raw[:16]), raw[16:])
