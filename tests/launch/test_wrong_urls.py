"""DATABASE_URL and REDIS_URL that cannot work: one line, exit code 1, no password."""

import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.launch.commands import launch, refusal
from tests.support.stack import Stack, free_ports

PASSWORD = "hunter2hunter2"
SSL_REQUEST = struct.pack("!i", 80_877_103)  # answered by N: no TLS here


@contextmanager
def server(answers: dict[bytes, bytes]) -> Iterator[int]:
    """A server on a free port that answers what contains a key with its value; yields the port."""

    class Conversation(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            connection: socket.socket = self.request
            while said := connection.recv(65_536):
                for key, answer in answers.items():
                    if key in said:
                        connection.sendall(answer)
                        break

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Conversation) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        try:
            yield listening.server_address[1]
        finally:
            listening.shutdown()
            thread.join()


def said(home: Path, **urls: str) -> str:
    line = refusal(launch(home, "up", "--port", str(free_ports(1)), **urls))
    assert PASSWORD not in line
    return line


@pytest.mark.parametrize("url", ["nonsense", f"postgresql://u:{PASSWORD}@[bad", "mysql://x", "postgresql://h?no=such"])
def test_no_postgres_url(tmp_path: Path, url: str) -> None:
    """What is no PostgreSQL URL is refused by the variable's name."""
    assert "DATABASE_URL" in said(tmp_path, DATABASE_URL=url)


@pytest.mark.parametrize("url", ["nonsense", "http://h", f"redis://u:{PASSWORD}@h:port"])
def test_no_redis_url(tmp_path: Path, url: str) -> None:
    """What is no Redis URL is refused by the variable's name."""
    assert "REDIS_URL" in said(tmp_path, REDIS_URL=url)


def test_nobody_listens(tmp_path: Path) -> None:
    """Servers that are not there are named with the reason."""
    nobody = free_ports(1)
    line = said(tmp_path, DATABASE_URL=f"postgresql://u:{PASSWORD}@127.0.0.1:{nobody}/d")
    assert "DATABASE_URL" in line
    assert "refused" in line
    line = said(tmp_path, REDIS_URL=f"redis://:{PASSWORD}@127.0.0.1:{nobody}/0")
    assert "REDIS_URL" in line
    assert "refused" in line


def test_postgres_refuses_the_password(tmp_path: Path) -> None:
    """PostgreSQL's own reason is passed on."""
    fields = b'SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user "u"\0\0'
    error = b"E" + struct.pack("!i", len(fields) + 4) + fields
    with server({SSL_REQUEST: b"N", b"user": error}) as port:
        line = said(tmp_path, DATABASE_URL=f"postgresql://u:{PASSWORD}@127.0.0.1:{port}/d?gssencmode=disable")
    assert "password authentication failed" in line


def test_redis_refuses_the_password(tmp_path: Path) -> None:
    """A wrong password is called that."""
    with server({b"AUTH": b"-WRONGPASS invalid username-password pair\r\n"}) as port:
        assert "password" in said(tmp_path, REDIS_URL=f"redis://:{PASSWORD}@127.0.0.1:{port}/0")


def test_an_old_redis(tmp_path: Path) -> None:
    """A Redis before 6.2 is named with its version and with what is needed."""
    facts = b"# Server\r\nredis_version:5.0.14\r\n"
    with server({b"INFO": b"$%d\r\n%s\r\n" % (len(facts), facts), b"CLIENT": b"+OK\r\n+OK\r\n"}) as port:
        line = said(tmp_path, REDIS_URL=f"redis://127.0.0.1:{port}/0")
    assert "5.0.14" in line
    assert "6.2" in line


def test_an_old_postgres(tmp_path: Path) -> None:
    """A PostgreSQL before 15 is named with its version and with what is needed."""

    def message(kind: bytes, body: bytes) -> bytes:
        return kind + struct.pack("!i", len(body) + 4) + body

    welcome = message(b"R", struct.pack("!i", 0)) + message(b"S", b"server_version\x0013.4\0") + message(b"Z", b"I")
    with server({SSL_REQUEST: b"N", b"user": welcome}) as port:
        line = said(tmp_path, DATABASE_URL=f"postgresql://u:{PASSWORD}@127.0.0.1:{port}/d?gssencmode=disable")
    assert "PostgreSQL 13" in line
    assert "15" in line


def test_a_database_that_does_not_exist(stack: Stack, tmp_path: Path) -> None:
    """A missing database is PostgreSQL's own sentence."""
    line = said(tmp_path, DATABASE_URL=stack.database_url.replace("/atrium?", "/nothing?"))
    assert 'database "nothing" does not exist' in line
