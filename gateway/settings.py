"""The gateway's settings: one frozen value, read from the environment once, in __main__.py."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final, Literal, get_args
from urllib.parse import urlsplit

from gateway.auth.settings import AccountSettings, read_account_settings
from schemas.outbound import Outbound, read_outbound
from store.key_seal import read_ring

FACTOR_MAX: Final = 1_000_000.0  # as good as no rate limits
SECRET_BYTES: Final = 32  # as long as HS256's output (RFC 7518, section 3.2)

LogLevel = Literal["debug", "info", "warning", "error"]
Network = IPv4Network | IPv6Network


class SettingsError(ValueError):
    """A variable of the environment cannot be used; the message names it and says what it should be."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What one gateway needs to know. Secrets stay out of its repr, and so out of logs."""

    database_url: str = field(repr=False)  # libpq URI
    redis_url: str = field(repr=False)  # redis://…, rediss://… or unix:///path?db=0
    secret: str = field(repr=False)  # signs tokens; the same for all gateways
    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str = "http://127.0.0.1:8000"  # how clients reach this very gateway
    name: str = "gateway"  # unique among the gateways
    log_level: LogLevel = "info"
    trusted_proxies: tuple[Network, ...] = ()  # whose X-Forwarded-For is believed
    rate_factor: float = 1.0  # all rate limits (gateway/rates.py) times this
    outbound: Outbound = field(default_factory=Outbound)  # where webhooks may go
    keyring_public: str = ""  # seals keys of users (store/key_seal.py); empty: a key made of `secret`

    origins: tuple[str, ...] = ()  # of pages elsewhere that may ask from a browser (CORS, /events by cookie)
    accounts: AccountSettings = field(default_factory=AccountSettings)

    @property
    def site_url(self) -> str:
        """Where people's browsers find the pages `/auth/…`, for links in mails."""
        return self.accounts.site(self.public_url)

    @property
    def socket_url(self) -> str:
        """`public_url` for WebSocket clients: ws:// or wss://."""
        return "ws" + self.public_url.removeprefix("http")


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read and check all settings; SettingsError names the first that is wrong, in one line."""
    host = environment.get("ATRIUM_HOST") or "127.0.0.1"
    port = _port(environment)
    shown_host = f"[{host}]" if ":" in host else host
    return Settings(
        database_url=_url(environment, "DATABASE_URL", "", ("postgresql", "postgres")),
        redis_url=_url(environment, "REDIS_URL", "", ("redis", "rediss", "unix")),
        secret=_secret(environment),
        host=host,
        port=port,
        public_url=_public_url(environment, f"http://{shown_host}:{port}"),
        name=environment.get("ATRIUM_NAME") or f"gateway-{port}",
        log_level=_log_level(environment),
        trusted_proxies=_networks(environment),
        rate_factor=_factor(environment, "ATRIUM_RATE_FACTOR"),
        origins=_origins(environment),
        outbound=_outbound(environment),
        keyring_public=_keyring(environment),
        accounts=_accounts(environment),
    )


def _accounts(environment: Mapping[str, str]) -> AccountSettings:
    try:
        return read_account_settings(environment)
    except ValueError as error:
        raise SettingsError(str(error)) from None


def _url(environment: Mapping[str, str], name: str, default: str, schemes: tuple[str, ...]) -> str:
    value = environment.get(name) or default
    if not value:
        raise SettingsError(f"{name} is not set; it is a URL that starts with {schemes[0]}://")
    try:
        scheme = urlsplit(value).scheme
    except ValueError:
        scheme = ""
    if scheme not in schemes:  # the value itself may hold a password: it is not repeated
        raise SettingsError(f"{name} must start with {' or '.join(f'{known}://' for known in schemes)}")
    return value


def _public_url(environment: Mapping[str, str], default: str) -> str:
    url = _url(environment, "ATRIUM_PUBLIC_URL", default, ("http", "https"))
    parts = urlsplit(url)
    if not parts.netloc or parts.query or parts.fragment:
        raise SettingsError("ATRIUM_PUBLIC_URL must look like https://atrium.example or http://host:8000")
    return url.rstrip("/")


def _secret(environment: Mapping[str, str]) -> str:
    secret = environment.get("ATRIUM_SECRET") or environment.get("JWT_SECRET") or ""
    if len(secret.encode()) < SECRET_BYTES:
        raise SettingsError(f"ATRIUM_SECRET must have at least {SECRET_BYTES} bytes, the same on every gateway")
    return secret


def _port(environment: Mapping[str, str]) -> int:
    name = "ATRIUM_PORT" if environment.get("ATRIUM_PORT") else "PORT"
    port = _positive(environment, name, 8000)
    if port > 65_535:
        raise SettingsError(f"{name} must be a port number from 1 to 65535")
    return port


def _positive(environment: Mapping[str, str], name: str, default: int) -> int:
    value = environment.get(name) or str(default)
    if not (value.isascii() and value.isdecimal() and 0 < len(value) < 10 and int(value) > 0):
        raise SettingsError(f"{name} must be a whole number above 0, not {value!r}")
    return int(value)


def _factor(environment: Mapping[str, str], name: str) -> float:
    value = environment.get(name) or "1"
    try:
        factor = float(value)
    except ValueError:
        factor = 0.0
    if not 0 < factor <= FACTOR_MAX:
        raise SettingsError(f"{name} must be a number above 0 and at most {FACTOR_MAX:,.0f}, not {value!r}")
    return factor


def _origins(environment: Mapping[str, str]) -> tuple[str, ...]:
    given = [environment.get(name, "") for name in ("ATRIUM_ORIGINS", "FRONTEND_URL")]
    found = dict.fromkeys(" ".join(given).replace(",", " ").split())
    for origin in found:
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or origin != f"{parts.scheme}://{parts.netloc}".lower():
            raise SettingsError(f"ATRIUM_ORIGINS must list origins such as https://app.example, not {origin!r}")
    return tuple(found)


def _log_level(environment: Mapping[str, str]) -> LogLevel:
    value = environment.get("ATRIUM_LOG_LEVEL") or "info"
    known: tuple[LogLevel, ...] = get_args(LogLevel)
    for level in known:
        if value.lower() == level:
            return level
    raise SettingsError(f"ATRIUM_LOG_LEVEL must be one of {', '.join(known)}, not {value!r}")


def _outbound(environment: Mapping[str, str]) -> Outbound:
    try:
        return read_outbound(environment)
    except ValueError as error:
        raise SettingsError(str(error)) from None


def _keyring(environment: Mapping[str, str]) -> str:
    ring = environment.get("ATRIUM_KEYRING_PUBLIC") or ""
    try:
        read_ring(ring)
    except ValueError as error:
        raise SettingsError(f"ATRIUM_KEYRING_PUBLIC: {error}") from None
    return ring


def _networks(environment: Mapping[str, str]) -> tuple[Network, ...]:
    parts = environment.get("ATRIUM_TRUSTED_PROXIES", "").replace(",", " ").split()
    try:
        return tuple(ip_network(part) for part in parts)
    except ValueError as error:
        raise SettingsError(f"ATRIUM_TRUSTED_PROXIES must list networks such as 10.0.0.0/8: {error}") from None
