"""A worker's settings: one frozen value, read from the environment once, in __main__.py."""

from collections.abc import Mapping
from dataclasses import dataclass, field


class SettingsError(ValueError):
    """A variable of the environment is missing; the message says which."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What one worker needs to know. URLs may hold passwords, so they stay out of its repr."""

    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    name: str = "worker"
    log_level: str = "info"


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Raises SettingsError."""
    for name in ("DATABASE_URL", "REDIS_URL"):
        if not environment.get(name):
            raise SettingsError(f"{name} is not set")
    return Settings(
        database_url=environment["DATABASE_URL"],
        redis_url=environment["REDIS_URL"],
        name=environment.get("ATRIUM_NAME", "worker"),
        log_level=environment.get("ATRIUM_LOG_LEVEL", "info"),
    )
