"""What `up` was asked for: the command line and the environment as one value. Built by `__main__` only."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

from gateway.launch.errors import LaunchError
from gateway.launch.home import Home

Appendfsync = Literal["everysec", "always"]
"""When Valkey syncs its append-only file to the disk: each second, or before each commit is answered."""
CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Settings:
    """One start of `up`. A URL that is None stands for the embedded server."""

    home: Home
    host: str
    port: int
    gateways: int
    workers: int
    database_url: str | None
    redis_url: str | None
    secret: str | None
    public_url: str | None
    appendfsync: Appendfsync
    """Of the embedded Valkey."""

    @property
    def ports(self) -> range:
        return range(self.port, self.port + self.gateways)

    @property
    def reachable_host(self) -> str:
        """The host under which this machine itself reaches the gateways."""
        return {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "[::1]"}.get(self.host, bracketed(self.host))

    def url(self, port: int) -> str:
        return f"http://{self.reachable_host}:{port}"


def bracketed(host: str) -> str:
    """An address as it stands in a URL."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def home_of(environ: Mapping[str, str]) -> Home:
    """The home that ATRIUM_HOME names, or `.atrium` in the checkout."""
    named = environ.get("ATRIUM_HOME")
    return Home(Path(named).expanduser().absolute() if named else CHECKOUT / ".atrium")


def settings_from(
    environ: Mapping[str, str], *, host: str | None, port: int | None, gateways: int, workers: int
) -> Settings:
    """Options win over the environment; an empty variable counts as unset."""
    secret = environ.get("ATRIUM_SECRET") or environ.get("JWT_SECRET") or None
    if secret is not None and len(secret.encode()) < 32:
        raise LaunchError("ATRIUM_SECRET is shorter than 32 bytes; leave it unset to have one made and kept")
    if port is None:
        named = environ.get("ATRIUM_PORT") or environ.get("PORT") or "8000"
        if not named.isdecimal():
            raise LaunchError("ATRIUM_PORT (or PORT) is not a number")
        port = int(named)
    if not 1 <= port <= port + gateways - 1 <= 65_535:
        what = f"port {port}" if gateways == 1 else f"ports {port} to {port + gateways - 1}: one of them"
        raise LaunchError(f"{what} does not exist; choose --port (and --gateways) within 1 to 65535")
    return Settings(
        home=home_of(environ),
        host=host or environ.get("ATRIUM_HOST") or "127.0.0.1",
        port=port,
        gateways=gateways,
        workers=workers,
        database_url=environ.get("DATABASE_URL") or None,
        redis_url=environ.get("REDIS_URL") or None,
        secret=secret,
        public_url=environ.get("ATRIUM_PUBLIC_URL") or None,
        appendfsync=_appendfsync(environ.get("ATRIUM_APPENDFSYNC") or "everysec"),
    )


def _appendfsync(named: str) -> Appendfsync:
    if named not in get_args(Appendfsync):
        raise LaunchError(f"ATRIUM_APPENDFSYNC must be {' or '.join(get_args(Appendfsync))}")
    return cast(Appendfsync, named)
