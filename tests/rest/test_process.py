"""`python -m gateway` as a process: what it refuses to start with (gateway/__main__.py, gateway/settings.py)."""

import os
import socket
import subprocess
import sys
from ipaddress import ip_network

import pytest

from gateway.settings import Settings, SettingsError, read_settings
from store.migrate import FOLDER

GOOD = {
    "DATABASE_URL": "postgresql:///atrium?host=/run/pg",
    "REDIS_URL": "unix:///run/valkey.sock?db=0",
    "ATRIUM_SECRET": "0123456789" * 4,
}


def run(**environment: str) -> "subprocess.CompletedProcess[str]":
    """The process, which must end by itself."""
    return subprocess.run(
        [sys.executable, "-m", "gateway"],
        cwd=FOLDER.parent.parent,
        env={"PATH": os.environ["PATH"], **GOOD, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_defaults() -> None:
    """The two URLs and the secret are enough."""
    settings = read_settings(GOOD)
    assert settings == Settings(
        database_url=GOOD["DATABASE_URL"],
        redis_url=GOOD["REDIS_URL"],
        secret=GOOD["ATRIUM_SECRET"],
        name="gateway-8000",
    )
    assert settings.socket_url == "ws://127.0.0.1:8000"


def test_everything_set() -> None:
    """Every variable has its place."""
    settings = read_settings(
        GOOD
        | {
            "ATRIUM_HOST": "::1",
            "ATRIUM_PORT": "9000",
            "ATRIUM_NAME": "gateway-2",
            "ATRIUM_LOG_LEVEL": "DEBUG",
            "ATRIUM_TRUSTED_PROXIES": "10.0.0.0/8, ::1",
            "ATRIUM_RATE_FACTOR": "0.5",
        }
    )
    assert settings.public_url == "http://[::1]:9000"
    assert (settings.name, settings.log_level, settings.rate_factor) == ("gateway-2", "debug", 0.5)
    assert settings.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("::1"))


def test_usual_names_are_honoured() -> None:
    """PORT, JWT_SECRET and FRONTEND_URL mean what they mean elsewhere; Atrium's own names win."""
    usual = {"PORT": "9000", "JWT_SECRET": "9876543210" * 4, "FRONTEND_URL": "https://app.example"}
    settings = read_settings({**GOOD, "ATRIUM_SECRET": ""} | usual)
    assert (settings.port, settings.secret) == (9000, usual["JWT_SECRET"])
    assert settings.origins == ("https://app.example",)
    ours = read_settings(GOOD | usual | {"ATRIUM_PORT": "8001"})
    assert (ours.port, ours.secret) == (8001, GOOD["ATRIUM_SECRET"])


def test_secrets_stay_out_of_repr() -> None:
    """Settings may be logged: passwords and the signing key are not in their repr."""
    shown = repr(read_settings(GOOD | {"DATABASE_URL": "postgresql://me:hunter2@db/atrium"}))
    assert "hunter2" not in shown
    assert GOOD["ATRIUM_SECRET"] not in shown


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", ""),
        ("DATABASE_URL", "mysql://me:hunter2@db/atrium"),
        ("DATABASE_URL", "postgresql://[::1"),
        ("REDIS_URL", ""),
        ("REDIS_URL", "http://:hunter2@cache"),
        ("ATRIUM_SECRET", ""),
        ("ATRIUM_SECRET", "hunter2"),
        ("ATRIUM_PORT", "0"),
        ("ATRIUM_PORT", "65536"),
        ("ATRIUM_PORT", "http"),
        ("ATRIUM_PORT", "²"),
        ("ATRIUM_PUBLIC_URL", "ws://here"),
        ("ATRIUM_PUBLIC_URL", "http:///path"),
        ("ATRIUM_PUBLIC_URL", "http://here?x=1"),
        ("ATRIUM_LOG_LEVEL", "loud"),
        ("ATRIUM_TRUSTED_PROXIES", "10.0.0.1/8"),
        ("ATRIUM_RATE_FACTOR", "-1"),
    ],
)
def test_wrong_value_is_one_line(name: str, value: str) -> None:
    """A wrong value is refused in one line that names the variable, and repeats no secret."""
    with pytest.raises(SettingsError) as caught:
        read_settings(GOOD | {name: value})
    text = str(caught.value)
    assert text.startswith(name)
    assert "\n" not in text
    assert "hunter2" not in text


def test_process_says_what_is_wrong() -> None:
    """The process ends with one line on stderr and status 2."""
    done = run(ATRIUM_SECRET="short")
    assert done.returncode == 2
    assert done.stderr.startswith("gateway: ATRIUM_SECRET must have at least 32 bytes")
    assert len(done.stderr.splitlines()) == 1


def test_busy_port_is_one_line() -> None:
    """A port that somebody else has is one line in the log and status 1, before anything is opened."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        done = run(ATRIUM_PORT=str(other.getsockname()[1]))
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "cannot listen" in done.stderr
    assert "Traceback" not in done.stderr
