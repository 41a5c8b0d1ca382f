"""Mails: into a folder, over SMTP to a real socket, and never into the log (gateway/mail)."""

import asyncio
import email
import email.policy
import io
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.logs import configure_logs
from gateway.mail import letters
from gateway.mail.folder import Folder
from gateway.mail.letters import Mail
from gateway.mail.post import MailRefused, Post
from gateway.mail.smtp import Smtp, read_url
from gateway.settings import SettingsError, read_settings

TOKEN = "a-token-that-nobody-may-read"
SENDER = "Atrium <atrium@example.com>"
MAIL = letters.verify_email("ada@example.com", "Ada 😀", "https://atrium.example", TOKEN)


class Slow:
    """A carrier that fails as it is told, and says what it carried."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.carried: asyncio.Queue[Mail] = asyncio.Queue()
        self.tries = 0

    async def carry(self, mail: Mail) -> None:
        self.tries += 1
        if self.failures:
            raise self.failures.pop(0)
        self.carried.put_nowait(mail)


def files(folder: Path) -> list[str]:
    """The texts of all mails in a folder, the oldest first."""
    return [path.read_text() for path in sorted(folder.iterdir())]


async def test_folder_is_private_and_log_says_no_token(tmp_path: Path) -> None:
    """A mail becomes a file for its owner alone; the log says that it is there, not what it says."""
    stream = io.StringIO()
    configure_logs("debug", "test", stream)
    async with Post(Folder(tmp_path / "mail", SENDER)) as post:
        post.send(MAIL)
    [path] = (tmp_path / "mail").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    read = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert (read["To"], read["From"]) == ("ada@example.com", SENDER)
    body = read.get_body()
    assert body is not None
    assert f"https://atrium.example/auth/verify-email#token={TOKEN}" in body.get_content()
    assert str(path) in stream.getvalue()
    assert TOKEN not in stream.getvalue()


async def test_folder_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest files go."""
    monkeypatch.setattr("gateway.mail.folder.MAIL_FILES", 3)
    folder = Folder(tmp_path, SENDER)
    for number in range(5):
        await folder.carry(Mail("ada@example.com", f"number {number}", "x"))
    assert [number for text in files(tmp_path) for number in range(5) if f"number {number}" in text] == [2, 3, 4]


async def test_names_cannot_write_headers(tmp_path: Path) -> None:
    """A line break in an address is refused, and the post goes on with the next mail."""
    folder = Folder(tmp_path, SENDER)
    async with Post(folder) as post:
        post.send(Mail("ada@example.com\nBcc: eve@example.com", "x", "x"))
        post.send(MAIL)
    [text] = files(tmp_path)
    assert "eve" not in text


async def test_mail_waits_for_the_server() -> None:
    """What the server may take later is tried again, what it never will is dropped, and other mails follow."""
    later, never = MailRefused("451", again=True), MailRefused("550", again=False)
    slow = Slow(later, later, never, RuntimeError("a mishap"))
    async with Post(slow, pause=0.001) as post:
        for number in range(4):
            post.send(Mail("ada@example.com", str(number), ""))
        async with asyncio.timeout(30):
            assert [(await slow.carried.get()).subject for _ in range(2)] == ["2", "3"]


async def test_tries_are_bounded() -> None:
    """A server that never takes a mail is asked four times."""
    slow = Slow(*[MailRefused("451", again=True)] * 10)
    async with Post(slow, pause=0.001) as post:
        post.send(MAIL)
    assert slow.tries == 4


async def test_full_queue_drops(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the queue mails are dropped, and nobody waits."""
    monkeypatch.setattr("gateway.mail.post.MAIL_QUEUE", 2)
    slow = Slow()
    post = Post(slow)
    for number in range(5):
        post.send(Mail("ada@example.com", str(number), ""))
    async with post:
        pass
    assert slow.carried.qsize() == 2


@asynccontextmanager
async def mail_server(answers: dict[str, str]) -> AsyncIterator[tuple[str, list[str]]]:
    """A mail server on a real socket; `answers` to commands other than the usual. Its URL, and what it was told."""
    told: list[str] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        while line := (await reader.readline()).decode().rstrip("\r\n"):
            told.append(line)
            word = line.split(" ")[0].upper()
            usual = {"EHLO": "250-here\r\n250 AUTH PLAIN", "DATA": "354 go on", "QUIT": "221 bye", "AUTH": "235 in"}
            writer.write((answers.get(word) or usual.get(word, "250 good")).encode() + b"\r\n")
            if word == "QUIT":
                break
            if word == "DATA" and word not in answers:
                told.extend((await reader.readuntil(b"\r\n.\r\n")).decode().splitlines())
                writer.write(b"250 taken\r\n")
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield f"smtp://ada:pass%20word@127.0.0.1:{port}?starttls=0", told


async def test_mail_goes_over_smtp() -> None:
    """The server is told who it is from and to, after signing in, and gets the text."""
    async with mail_server({}) as (url, told):
        await Smtp(read_url(url), SENDER).carry(MAIL)
    said = "\n".join(told)
    assert "mail FROM:<atrium@example.com>" in said
    assert "rcpt TO:<ada@example.com>" in said
    assert "AUTH PLAIN" in said
    assert "Subject: Confirm your e-mail address" in said


@pytest.mark.parametrize(
    ("answers", "again"),
    [
        ({"RCPT": "550 nobody"}, False),
        ({"RCPT": "450 later"}, True),
        ({"MAIL": "552 full"}, False),
        ({"AUTH": "535 wrong"}, False),
        ({"DATA": "451 later"}, True),
    ],
)
async def test_servers_answers_are_understood(answers: dict[str, str], again: bool) -> None:
    """4xx is worth another try, 5xx is not; nothing of the mail is said."""
    async with mail_server(answers) as (url, _):
        with pytest.raises(MailRefused) as caught:
            await Smtp(read_url(url), SENDER).carry(MAIL)
    assert caught.value.again is again
    assert TOKEN not in str(caught.value)


async def test_no_server_is_worth_another_try(unused_tcp_port_factory: Callable[[], int]) -> None:
    """A server that is away, or that does not do STARTTLS where it must, is tried again or refused."""
    with pytest.raises(MailRefused) as caught:
        await Smtp(read_url(f"smtp://127.0.0.1:{unused_tcp_port_factory()}?starttls=0"), SENDER).carry(MAIL)
    assert caught.value.again
    async with mail_server({}) as (url, told):
        with pytest.raises(MailRefused):
            await Smtp(read_url(url.replace("starttls=0", "starttls=1")), SENDER).carry(MAIL)
    assert not any("AUTH" in line for line in told)  # no password in the clear


ENVIRONMENT = {"DATABASE_URL": "postgresql:///x", "REDIS_URL": "redis://x", "ATRIUM_SECRET": "s" * 32}


@pytest.mark.parametrize(
    "wrong",
    [
        {"SMTP_URL": "http://secret-password@x"},
        {"SMTP_URL": "smtp://u:secret-password@x?tls=1"},
        {"ADMIN_EMAIL": "nobody"},
        {"GITHUB_CLIENT_ID": "x"},
        {"GITHUB_CLIENT_ID": "x", "GITHUB_CLIENT_SECRET": "secret-password", "GITHUB_URL": "github.com"},
        {"ATRIUM_SITE_URL": "atrium.example"},
        {"ATRIUM_BLOCKED_PASSWORDS": "/nowhere"},
    ],
)
def test_wrong_settings_are_named(wrong: dict[str, str]) -> None:
    """A wrong variable is named in one line, without any secret."""
    with pytest.raises(SettingsError) as caught:
        read_settings(ENVIRONMENT | wrong)
    assert any(name in str(caught.value) for name in wrong)
    assert "secret-password" not in str(caught.value)


def test_settings_are_read() -> None:
    """The usual values, and what is set."""
    plain = read_settings(ENVIRONMENT).accounts
    assert (plain.smtp, plain.mail_folder, plain.github_id) == (None, Path(".atrium/mail"), "")
    own = read_settings(
        ENVIRONMENT
        | {
            "SMTP_URL": "smtps://u:secret-password@mail.example",
            "ATRIUM_HOME": "/x",
            "ATRIUM_SITE_URL": "https://a.example/",
        }
    )
    assert own.accounts.smtp is not None
    assert (own.accounts.smtp.port, own.accounts.smtp.tls, own.accounts.smtp.starttls) == (465, True, False)
    assert (own.accounts.mail_folder, own.site_url) == (Path("/x/mail"), "https://a.example")
    assert "secret-password" not in repr(own)
