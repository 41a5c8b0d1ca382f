"""Mails by SMTP: smtplib in a thread, one connection for each mail.

SMTP_URL: smtps://user:password@host:465 (TLS from the start), smtp://user:password@host:587 (STARTTLS, required), or
smtp://host:25?starttls=0 for a server on one's own machine or network.
"""

import asyncio
import smtplib
import ssl
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from gateway.limits import MAIL_SECONDS
from gateway.mail.envelope import sealed
from gateway.mail.letters import Mail
from gateway.mail.post import MailRefused


@dataclass(frozen=True, slots=True)
class Server:
    """SMTP_URL, taken apart."""

    host: str
    port: int
    tls: bool
    starttls: bool
    user: str = ""
    password: str = field(default="", repr=False)


def read_url(url: str) -> Server:
    """Raises ValueError with what is wrong; never with the URL, which holds a password."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError("must look like smtp://user:password@host:587 or smtps://user:password@host:465")
    if options.keys() - {"starttls"} or options.get("starttls", "1") not in ("0", "1"):
        raise ValueError("knows one option: starttls=0 or starttls=1")
    tls = parts.scheme == "smtps"
    starttls = not tls and options.get("starttls", "1") == "1"
    return Server(
        host=parts.hostname,
        port=parts.port or (465 if tls else 587 if starttls else 25),
        tls=tls,
        starttls=starttls,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


class Smtp:
    """Hands mails to one server."""

    def __init__(self, server: Server, sender: str) -> None:
        self._server = server
        self._sender = sender

    async def carry(self, mail: Mail) -> None:
        """Send it, or raise MailRefused: again where the server may take it later."""
        try:
            async with asyncio.timeout(MAIL_SECONDS):
                await asyncio.to_thread(self._talk, mail)
        except smtplib.SMTPRecipientsRefused as error:
            code = next(iter(error.recipients.values()))[0]
            raise MailRefused(f"the mail server refuses the address ({code})", again=400 <= code < 500) from None
        except smtplib.SMTPResponseException as error:
            again = 400 <= error.smtp_code < 500
            raise MailRefused(f"the mail server says {error.smtp_code}", again=again) from None
        except (OSError, smtplib.SMTPException) as error:
            raise MailRefused(f"the mail server is out of reach: {type(error).__name__}", again=True) from None

    def _talk(self, mail: Mail) -> None:
        server, context = self._server, ssl.create_default_context()
        wait = MAIL_SECONDS / 2
        with (
            smtplib.SMTP_SSL(server.host, server.port, timeout=wait, context=context)
            if server.tls
            else smtplib.SMTP(server.host, server.port, timeout=wait)
        ) as talk:
            if server.starttls:
                talk.starttls(context=context)
            if server.user:
                talk.login(server.user, server.password)
            talk.send_message(sealed(mail, self._sender))
