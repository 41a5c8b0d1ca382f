"""A whole Atrium for tests: the real `up` in a home of its own, on free ports, that tests may break on purpose.

The fixtures `stack` and `own_stack` in tests/conftest.py make and remove it. All methods block; inside an event loop
call the slow ones (`start`, `stop`, `wait_restarted`) as `await asyncio.to_thread(stack.stop)`; `kill`, `pause`,
`resume` and `pid` are immediate.
"""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.launch import postgres, valkey
from gateway.launch.home import Home
from gateway.launch.instance import Instance, Listed
from gateway.launch.process import Process
from gateway.launch.settings import CHECKOUT
from tests.support.http import Answer, request
from tests.support.waiting import wait_for

START_WITHIN = 120.0  # the first start makes a database; the machine may be busy
STOP_WITHIN = 25.0  # `up` promises 20
TAIL_LINES = 40
PORTS = (20_000, 32_000)  # below the range from which outgoing connections take theirs


@dataclass(frozen=True)
class RoomToken:
    """What `POST /api/projects/{id}/token` answers; `url` is the WebSocket base of the room's home."""

    token: str
    role: str
    url: str


class Stack:
    """One instance of `up`. The home, and with it all data, stays between `stop` and `start`."""

    def __init__(self, *, gateways: int = 2, workers: int = 1, environment: Mapping[str, str] | None = None) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="atrium-test-"))
        self.gateways = gateways
        self.workers = workers
        self.environment = dict(environment or {})
        self.port = free_ports(gateways)
        self.output = self.home / "up.log"
        self._up: subprocess.Popen[bytes] | None = None

    # -- where it is ------------------------------------------------------------------------------

    @property
    def urls(self) -> list[str]:
        return [f"http://127.0.0.1:{self.port + number}" for number in range(self.gateways)]

    @property
    def ws_urls(self) -> list[str]:
        return [url.replace("http", "ws", 1) for url in self.urls]

    @property
    def database_url(self) -> str:
        return self.environment.get("DATABASE_URL") or postgres.url(Home(self.home))

    @property
    def redis_url(self) -> str:
        return self.environment.get("REDIS_URL") or valkey.url(Home(self.home))

    # -- life -------------------------------------------------------------------------------------

    def start(self, *, wait: bool = True) -> None:
        """Run `up` and wait for its `ready` line; raises AssertionError with its output if it ends first."""
        assert self._up is None or self._up.poll() is not None, "already started"
        # All users of the tests come from one address, and some ask very often.
        own = {"ATRIUM_HOME": str(self.home), "ATRIUM_RATE_FACTOR": "100000"}
        command = [sys.executable, "-m", "gateway.launch", "up", "--port", str(self.port)]
        command += ["--gateways", str(self.gateways), "--workers", str(self.workers)]
        kept = {key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "REDIS_URL")}
        already = len(self.up_output())
        with self.output.open("ab") as output:
            self._up = subprocess.Popen(
                command,
                cwd=CHECKOUT,
                env=kept | own | self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        if wait:
            wait_for(lambda: self._ready_or_ended(already), "the line `ready`", within=START_WITHIN)

    def _ready_or_ended(self, already: int) -> bool:
        assert self._up is not None
        ended = self._up.poll()
        fresh = self.up_output()[already:]
        assert ended is None, f"`up` ended with {ended}:\n{fresh}"
        return f"\nready {self.urls[0]}\n" in f"\n{fresh}"

    def stop(self) -> int:
        """SIGTERM; the exit code of `up`. Raises AssertionError if it takes longer than it may."""
        if self._up is None:
            return 0
        if self._up.poll() is None:
            self._up.send_signal(signal.SIGTERM)
            self._up.send_signal(signal.SIGCONT)
        try:
            return self._up.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self.kill_all()
            raise AssertionError(f"`up` did not stop within {STOP_WITHIN:.0f} s:\n{self.up_output()}") from None

    def wait_up_ended(self, *, within: float = STOP_WITHIN) -> int:
        """Until `up` itself has ended; its exit code, as `subprocess` gives it."""
        assert self._up is not None
        return self._up.wait(within)

    def kill_all(self) -> None:
        """SIGKILL to everything, as when the machine loses power (but the disk's cache survives)."""
        listed = self._listed()
        if self._up is not None and self._up.poll() is None:
            self._up.send_signal(signal.SIGSTOP)  # or it would start again what we kill
        for each in listed:
            each.process.signal(signal.SIGKILL)
        if self._up is not None:
            self._up.kill()
            self._up.wait()
        wait_for(lambda: not any(each.process.alive for each in listed), "the end of what was killed")

    def kill_up(self) -> None:
        """SIGKILL to `up` alone; on Linux the kernel then asks its children to end. `start` takes over what remains."""
        assert self._up is not None
        self._up.kill()
        self._up.wait()

    def remove(self) -> None:
        """Stop, and delete the home. For the fixtures."""
        try:
            self.stop()
        finally:
            shutil.rmtree(self.home, ignore_errors=True)
            shutil.rmtree(Home(self.home).run, ignore_errors=True)

    # -- single processes: gateway-1, …, worker-1, …, ai-1, valkey, postgres -------------------------

    @property
    def up_pid(self) -> int:
        assert self._up is not None
        return self._up.pid

    def _listed(self) -> list[Listed]:
        instance = Instance.read(Home(self.home).instance)
        return [each for each in instance.processes if each.process.alive] if instance else []

    def status(self) -> dict[str, int]:
        """The process id of each running process, by name."""
        return {each.name: each.process.pid for each in self._listed()}

    def pid(self, name: str) -> int:
        """The process id; raises KeyError while it is down (use `wait_running`)."""
        return self.status()[name]

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal to one process; its id, for `wait_restarted`."""
        pid = self.pid(name)
        os.kill(pid, number)
        return pid

    def pause(self, name: str) -> None:
        self.kill(name, signal.SIGSTOP)

    def resume(self, name: str) -> None:
        self.kill(name, signal.SIGCONT)

    def pause_restarts(self) -> None:
        """Freeze the supervisor, so that what dies stays dead until `resume_restarts`."""
        os.kill(self.up_pid, signal.SIGSTOP)

    def resume_restarts(self) -> None:
        os.kill(self.up_pid, signal.SIGCONT)

    def wait_gone(self, name: str, old_pid: int, *, within: float = 30.0) -> None:
        """Until that process no longer exists."""
        wait_for(lambda: not Process.of(old_pid).alive, f"the end of {name}", within=within)

    def wait_restarted(self, name: str, old_pid: int, *, within: float = 60.0) -> int:
        """Until another process has taken the place of `old_pid` and, if a gateway, is ready; its id."""

        def fresh() -> int | None:
            pid = self.status().get(name)
            return pid if pid not in (None, old_pid) and self._serves(name) else None

        return wait_for(fresh, f"a new {name}", within=within)

    def _serves(self, name: str) -> bool:
        kind, _, number = name.partition("-")
        if kind == "gateway":
            return self.ready(int(number) - 1)
        if kind == "valkey" and not self.environment.get("REDIS_URL"):
            return connects(Home(self.home).valkey_socket, ping=True)
        if kind == "postgres":
            return connects(Home(self.home).postgres_socket / ".s.PGSQL.5432")
        return True

    def ready(self, gateway: int = 0) -> bool:
        """Whether `/readyz` of a gateway (0 is gateway-1) answers 200."""
        try:
            return request(f"{self.urls[gateway]}/readyz", within=2.0).status == 200
        except OSError:
            return False

    def wait_ready(self, *, within: float = 60.0) -> None:
        """Until every gateway is ready."""
        wait_for(lambda: all(self.ready(number) for number in range(self.gateways)), "all gateways", within=within)

    # -- what they say ----------------------------------------------------------------------------

    def up_output(self) -> str:
        return self.output.read_text(errors="replace") if self.output.exists() else ""

    def logs(self, name: str) -> str:
        path = Home(self.home).logs / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def tails(self) -> str:
        """The last lines of every log, for a failed test's report."""
        parts = [("up", self.up_output())]
        parts += [(path.stem, path.read_text(errors="replace")) for path in sorted(self.home.glob("logs/*.log"))]
        return "\n".join(f"--- {name}\n" + "\n".join(text.splitlines()[-TAIL_LINES:]) for name, text in parts)

    # -- first steps of most tests ----------------------------------------------------------------

    def call(self, path: str, *, gateway: int = 0, expect: int | None = None, **options: Any) -> Answer:
        """One request to a gateway; asserts the status if one is expected."""
        answer = request(self.urls[gateway] + path, **options)
        assert expect in (None, answer.status), f"{path}: {answer.status} {answer.body}"
        return answer

    def guest(self, *, gateway: int = 0) -> str:
        """The access token of a new guest."""
        answer = self.call("/api/auth/guest", gateway=gateway, method="POST", json_body={}, expect=201)
        return str(answer.body["access_token"])

    def project(self, token: str, name: str = "Test", *, gateway: int = 0) -> str:
        """The id of a new project of the token's user."""
        answer = self.call("/api/projects", gateway=gateway, token=token, json_body={"name": name}, expect=201)
        return str(answer.body["id"])

    def room_token(self, token: str, project: str, role: str | None = None, *, gateway: int = 0) -> RoomToken:
        """A room token, of the caller's own role unless another is asked for."""
        body = {} if role is None else {"role": role}
        path = f"/api/projects/{project}/token"
        answer = self.call(path, gateway=gateway, token=token, json_body=body, expect=200)
        return RoomToken(answer.body["token"], answer.body["role"], answer.body["url"])


def free_ports(count: int) -> int:
    """The first of `count` ports in a row that are free now."""
    for _ in range(200):
        first = random.randrange(*PORTS)
        if all(is_free(port) for port in range(first, first + count)):
            return first
    raise AssertionError("no free ports")


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def connects(path: Path, *, ping: bool = False) -> bool:
    """Whether somebody listens there; with `ping`, whether it is a Valkey that has loaded its file."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
            if not ping:
                return True
            probe.settimeout(2.0)
            probe.sendall(b"PING\r\n")
            return probe.recv(7) == b"+PONG\r\n"
        except OSError:
            return False
