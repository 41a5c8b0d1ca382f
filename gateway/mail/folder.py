"""Mails as files, where no mail server is configured: for one's own machine, and for tests.

Their text holds tokens, so they go into a private folder and not into the log, which only says that one is there.
"""

import asyncio
import os
import time
from pathlib import Path

import structlog

from gateway.limits import MAIL_FILES
from gateway.mail.envelope import sealed
from gateway.mail.letters import Mail
from gateway.mail.post import MailRefused

log = structlog.get_logger("gateway.mail")


class Folder:
    """Writes each mail to `TIME-NUMBER.eml`, readable by this account alone; the oldest go."""

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder = folder
        self._sender = sender

    async def carry(self, mail: Mail) -> None:
        """Write it."""
        try:
            path = await asyncio.to_thread(self._write, mail)
        except OSError as error:
            raise MailRefused(f"{self._folder} cannot be written: {error.strerror}", again=True) from error
        log.info("a mail lies in the folder; set SMTP_URL to send mails", file=str(path), subject=mail.subject)

    def _write(self, mail: Mail) -> Path:
        raw = bytes(sealed(mail, self._sender))
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        files = sorted(self._folder.glob("*.eml"))
        for old in files[: max(0, len(files) - MAIL_FILES + 1)]:
            old.unlink(missing_ok=True)
        path = self._folder / f"{time.time_ns()}-{os.getpid()}.eml"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(raw)
        return path
