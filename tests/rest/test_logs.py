"""Logs are JSON lines, and tokens appear in none of them (gateway/logs.py, gateway/middleware.py)."""

import json
import socket
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

from gateway.auth.tokens import Tokens
from gateway.logs import blot
from schemas.ids import new_id
from store.migrate import FOLDER
from tests.support.stack import Stack
from tests.support.waiting import wait_for

TOKEN, _ = Tokens("s" * 32).sign_access(new_id(), new_id())


@pytest.mark.parametrize(
    "line",
    [
        f"GET /collab/p/d?token={TOKEN}&acks=1 HTTP/1.1",
        f"Authorization: Bearer {TOKEN}",
        f'{{"event": "{TOKEN}"}}',
        f"{TOKEN}\\r\\n",
        f"cut {TOKEN[:40]}",
        f"token={TOKEN[5:40]}",
        f"access_token={TOKEN[50:]}'",
        f"twice {TOKEN} {TOKEN}",
        f'"path": "/api/invites/{TOKEN[5:40]}/accept"',
        f"Bearer atr_{TOKEN[5:40]}",
        f"refreshed by atrr_{TOKEN[5:40]}",
    ],
)
def test_tokens_are_blotted_out(line: str) -> None:
    """Whatever looks like a token, or stands after `token=`, is made unreadable; the rest of the line stays."""
    clean = blot(line)
    assert "[token]" in clean
    assert not any(part in clean for part in (TOKEN[:40], TOKEN[5:40], TOKEN[50:90]))
    assert ("acks=1" in clean) == ("acks=1" in line)


def test_plain_lines_stay() -> None:
    """A line without a token is left as it is."""
    line = '{"event": "request", "path": "/api/projects/01980000/token", "client": "127.0.0.1"}'
    assert blot(line) == line


SCRIPT = """
import logging, structlog
from gateway.logs import configure_logs
configure_logs("info", "gateway-7")
log = structlog.get_logger("rooms")
with structlog.contextvars.bound_contextvars(request_id="r1"):
    log.info("opened", document="Ада", connection=4)
log.debug("unseen")
logging.getLogger("aiohttp.server").warning("odd %s", "line\\n2")
try:
    1 / 0
except ZeroDivisionError:
    log.exception("failed", token="token=abc")
"""


def test_every_event_is_one_line_of_json() -> None:
    """Events of ours and of libraries, with tracebacks or line ends in them, are one JSON object a line."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=FOLDER.parent.parent, capture_output=True, text=True, timeout=60, check=True
    )
    opened, odd, failed = [json.loads(line) for line in done.stderr.splitlines()]
    assert done.stdout == ""
    assert opened["event"] == "opened"
    assert (opened["document"], opened["connection"], opened["request_id"]) == ("Ада", 4, "r1")
    assert (opened["process"], opened["level"], opened["logger"]) == ("gateway-7", "info", "rooms")
    assert opened["time"].endswith("Z")
    assert (odd["event"], odd["level"], odd["logger"]) == ("odd line\n2", "warning", "aiohttp.server")
    assert "ZeroDivisionError" in failed["exception"]
    assert failed["token"] == "token=[token]"


def test_no_log_of_a_running_gateway_holds_a_token(stack: Stack) -> None:
    """Tokens sent in headers, queries, paths and broken requests are in no log file of the whole instance."""
    access = stack.guest()
    project = stack.project(access)
    room = stack.room_token(access, project).token
    stack.call("/api/projects", token=access[:-2], json_body={"name": "x"}, expect=401)
    stack.call(f"/api/nothing/{room}?token={room}", expect=404)
    stack.call(f"/api/nothing?x=1&token={access}", expect=404)
    stack.call(f"/collab/{project}/notes.md?token={room}")
    url = urlsplit(stack.urls[0])
    for broken in (f"GET /x?token={room}\r\n\r\n", f"{access} / HTTP/1.1\r\n\r\n", f"GET / HTTP/1.1\r\n{room}\r\n\r\n"):
        with socket.create_connection((url.hostname, url.port), timeout=10) as raw:
            raw.sendall(broken.encode())
            raw.settimeout(10)
            while raw.recv(65_536):
                pass
    last = str(new_id())
    stack.call(f"/api/{last}", expect=404)
    wait_for(lambda: last in stack.logs("gateway-1"), "the last request's log line")
    logs = "".join(path.read_text(errors="replace") for path in stack.home.glob("logs/*.log"))
    for token in (access, room):
        for part in (token, *token.split(".")[1:]):
            assert part not in logs
    assert "[token]" in logs


def test_refusals_say_who_was_refused(stack: Stack) -> None:
    """A request that may not is in the log: when, who, from where, what, and under which id the answer named it."""
    owner, stranger = stack.guest(), stack.guest()
    user = stack.call("/api/auth/me", token=stranger, expect=200).body["user"]["id"]
    path = f"/api/projects/{stack.project(owner)}"
    refusal = stack.call(path, token=stranger, expect=403).body
    wait_for(lambda: refusal["request_id"] in stack.logs("gateway-1"), "the refusal's log line")
    (line,) = [line for line in stack.logs("gateway-1").splitlines() if refusal["request_id"] in line]
    said = json.loads(line)
    assert (said["status"], said["method"], said["path"]) == (403, "GET", path)
    assert (said["user"], said["client"], said["process"]) == (user, "127.0.0.1", "gateway-1")
    assert said["time"].endswith("Z")
