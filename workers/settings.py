"""A worker's settings: one frozen value, read from the environment once, in __main__.py."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from store.limits import PARK_AFTER


class SettingsError(ValueError):
    """A variable of the environment is missing or cannot be used; the message says which."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What one worker needs to know. URLs may hold passwords, so they stay out of its repr."""

    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    park_after: float = PARK_AFTER
    """Seconds after which the log of a document that nobody has open leaves Redis; ATRIUM_PARK_AFTER."""
    name: str = "worker"
    log_level: str = "info"


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Raises SettingsError."""
    for name in ("DATABASE_URL", "REDIS_URL"):
        if not environment.get(name):
            raise SettingsError(f"{name} is not set")
    park_after = environment.get("ATRIUM_PARK_AFTER") or str(PARK_AFTER)
    if not (park_after.isascii() and park_after.isdecimal()):
        raise SettingsError(f"ATRIUM_PARK_AFTER must be a whole number of seconds, not {park_after!r}")
    return Settings(
        database_url=environment["DATABASE_URL"],
        redis_url=environment["REDIS_URL"],
        park_after=float(park_after),
        name=environment.get("ATRIUM_NAME", "worker"),
        log_level=environment.get("ATRIUM_LOG_LEVEL", "info"),
    )
