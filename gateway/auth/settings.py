"""Settings of accounts: mail, GitHub, the first administrator. Read with all others by gateway/settings.py."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from gateway.mail.smtp import Server, read_url

BLOCKED_LINES: Final = 1_000_000  # of a file of passwords: 100 MB of memory


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """The defaults are for one's own machine. Secrets stay out of its repr."""

    site_url: str = ""  # where people's browsers find the pages /auth/…; empty: the gateway's own address
    admin_email: str = ""  # who verifies this address becomes an administrator, once
    smtp: Server | None = None  # None: mails lie in `mail_folder`
    mail_from: str = "Atrium <atrium@localhost>"
    mail_folder: Path = Path(".atrium/mail")
    github_id: str = ""  # empty: nobody signs in by GitHub
    github_secret: str = field(default="", repr=False)
    github_url: str = "https://github.com"
    github_api_url: str = "https://api.github.com"
    blocked_passwords: Path | None = None  # a file with one in each line

    def site(self, public_url: str) -> str:
        """The base of links that people open."""
        return self.site_url or public_url


def read_account_settings(environment: Mapping[str, str]) -> AccountSettings:
    """Raises ValueError with one line that names the variable."""
    given = AccountSettings()
    github_id, github_secret = environment.get("GITHUB_CLIENT_ID", ""), environment.get("GITHUB_CLIENT_SECRET", "")
    if bool(github_id) != bool(github_secret):
        raise ValueError("GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET go together; set both or none")
    home = environment.get("ATRIUM_HOME") or ".atrium"
    return AccountSettings(
        site_url=_base(environment, "ATRIUM_SITE_URL", ""),
        admin_email=_address(environment, "ADMIN_EMAIL"),
        smtp=_smtp(environment),
        mail_from=environment.get("MAIL_FROM") or given.mail_from,
        mail_folder=Path(environment.get("ATRIUM_MAIL_FOLDER") or Path(home) / "mail").expanduser(),
        github_id=github_id,
        github_secret=github_secret,
        github_url=_base(environment, "GITHUB_URL", given.github_url),
        github_api_url=_base(environment, "GITHUB_API_URL", given.github_api_url),
        blocked_passwords=_file(environment, "ATRIUM_BLOCKED_PASSWORDS"),
    )


def read_blocked(path: Path | None) -> frozenset[str]:
    """The passwords of the file, in lower case; raises ValueError when it is not such a file."""
    if path is None:
        return frozenset()
    with path.open(encoding="utf-8", errors="replace") as file:
        lines = frozenset(line.rstrip("\r\n").lower() for line, _ in zip(file, range(BLOCKED_LINES + 1), strict=False))
    if len(lines) > BLOCKED_LINES:
        raise ValueError(f"ATRIUM_BLOCKED_PASSWORDS has more than {BLOCKED_LINES:,} lines")
    return lines - {""}


def _base(environment: Mapping[str, str], name: str, default: str) -> str:
    value = (environment.get(name) or default).rstrip("/")
    parts = urlsplit(value)
    if value and (parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment):
        raise ValueError(f"{name} must look like https://atrium.example")
    return value


def _address(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "").strip()
    if value and not re.fullmatch(r"[^@\s]+@[^@\s]+", value):
        raise ValueError(f"{name} must be an e-mail address")
    return value


def _smtp(environment: Mapping[str, str]) -> Server | None:
    url = environment.get("SMTP_URL", "")
    try:
        return read_url(url) if url else None
    except ValueError as error:
        raise ValueError(f"SMTP_URL {error}") from None


def _file(environment: Mapping[str, str], name: str) -> Path | None:
    value = environment.get(name, "")
    if not value:
        return None
    path = Path(value).expanduser()
    if not path.is_file():
        raise ValueError(f"{name} is not a file: {path}")
    return path
