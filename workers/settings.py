"""A worker's settings: one frozen value, read from the environment once, in __main__.py."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ai_router.providers import Access, named_in
from schemas.outbound import Outbound, read_outbound
from store.key_seal import read_ring
from store.limits import PARK_AFTER
from workers.ai.patience import AS_THEY_ARE, IDLE_SECONDS, SUMMARY_SECONDS, Patience

AUDIT_DAYS = 365


class SettingsError(ValueError):
    """A variable of the environment is missing or cannot be used; the message says which."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What one worker needs to know. URLs may hold passwords, so they stay out of its repr."""

    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    park_after: float = PARK_AFTER
    """Seconds after which the log of a document that nobody has open leaves Redis; ATRIUM_PARK_AFTER."""
    secret: str = field(default="", repr=False)
    """Opens what the gateways sealed (store/sealed.py): ATRIUM_SECRET, the same as theirs."""
    keyring: str = field(default="", repr=False)
    """Opens keys of users besides the one made of `secret` (workers/ai/key_ring.py): ATRIUM_KEYRING."""
    providers: Mapping[str, Access] = field(default_factory=dict)
    """AI providers for which there is a key, or that need none (ai_router/providers.py names the variables)."""
    patience: Patience = AS_THEY_ARE
    """With providers: ATRIUM_AI_FIRST_TOKEN_SECONDS, ATRIUM_AI_IDLE_SECONDS, ATRIUM_AI_SUMMARY_SECONDS."""
    outbound: Outbound = field(default_factory=Outbound)
    """Where webhooks may go."""
    audit_days: int = AUDIT_DAYS
    """Days that lines of the audit log are kept, 0 for ever; ATRIUM_AUDIT_DAYS."""
    name: str = "worker"
    log_level: str = "info"


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Raises SettingsError."""
    secret = environment.get("ATRIUM_SECRET") or environment.get("JWT_SECRET") or ""
    for name, value in (
        ("DATABASE_URL", environment.get("DATABASE_URL")),
        ("REDIS_URL", environment.get("REDIS_URL")),
        ("ATRIUM_SECRET", secret),
    ):
        if not value:
            raise SettingsError(f"{name} is not set")
    park_after = environment.get("ATRIUM_PARK_AFTER") or str(PARK_AFTER)
    if not (park_after.isascii() and park_after.isdecimal()):
        raise SettingsError(f"ATRIUM_PARK_AFTER must be a whole number of seconds, not {park_after!r}")
    audit_days = environment.get("ATRIUM_AUDIT_DAYS") or str(AUDIT_DAYS)
    if not (audit_days.isascii() and audit_days.isdecimal() and len(audit_days) < 6):
        raise SettingsError(f"ATRIUM_AUDIT_DAYS must be a whole number of days, or 0, not {audit_days!r}")
    keyring = environment.get("ATRIUM_KEYRING") or ""
    try:
        read_ring(keyring)
    except ValueError as error:
        raise SettingsError(f"ATRIUM_KEYRING: {error}") from None
    try:
        outbound = read_outbound(environment)
    except ValueError as error:
        raise SettingsError(str(error)) from None
    return Settings(
        database_url=environment["DATABASE_URL"],
        redis_url=environment["REDIS_URL"],
        park_after=float(park_after),
        secret=secret,
        keyring=keyring,
        providers=named_in(environment),
        patience=_patience(environment),
        outbound=outbound,
        audit_days=int(audit_days),
        name=environment.get("ATRIUM_NAME", "worker"),
        log_level=environment.get("ATRIUM_LOG_LEVEL", "info"),
    )


def _patience(environment: Mapping[str, str]) -> Patience:
    first_token = _seconds(environment, "ATRIUM_AI_FIRST_TOKEN_SECONDS")
    idle = _seconds(environment, "ATRIUM_AI_IDLE_SECONDS") or IDLE_SECONDS
    return Patience(first_token, idle, _seconds(environment, "ATRIUM_AI_SUMMARY_SECONDS") or SUMMARY_SECONDS)


def _seconds(environment: Mapping[str, str], name: str) -> float | None:
    """None where it is not set."""
    value = environment.get(name) or ""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise SettingsError(f"{name} must be a number of seconds, not {value!r}")
    return seconds
