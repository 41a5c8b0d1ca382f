"""Starting, a second start, status and stopping, with the real processes."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from gateway.launch.settings import CHECKOUT
from tests.conftest import MakeStack
from tests.faults.stores import valkey
from tests.launch.commands import launch, refusal
from tests.support.stack import Stack, free_ports
from tests.support.waiting import wait_for


def test_ready_is_a_line_of_its_own(stack: Stack) -> None:
    """`up` prints `ready URL` alone on a line, and by then every gateway is ready."""
    assert re.search(rf"^ready {re.escape(stack.urls[0])}$", stack.up_output(), re.MULTILINE)
    assert all(stack.ready(number) for number in range(stack.gateways))


def test_status_lists_what_runs(stack: Stack) -> None:
    """`status --json` names each process once with its live id, and the gateways' addresses."""
    shown = launch(stack.home, "status", "--json")
    assert shown.returncode == 0
    rows = {row["name"]: row for row in json.loads(shown.stdout)["processes"]}
    assert set(rows) == {"gateway-1", "gateway-2", "worker-1", "ai-1", "valkey", "postgres"}
    assert [rows[f"gateway-{number}"]["url"] for number in (1, 2)] == stack.urls
    for row in rows.values():
        os.kill(row["pid"], 0)
    table = launch(stack.home, "status")
    assert table.returncode == 0
    assert "gateway-2" in table.stdout


def test_status_of_nothing(tmp_path: Path) -> None:
    """Where nothing runs, status says so and exits with 3."""
    shown = launch(tmp_path / "none", "status", "--json")
    assert (shown.returncode, json.loads(shown.stdout)) == (3, {"processes": []})
    assert launch(tmp_path / "none", "status").returncode == 3


def test_one_up_per_home(stack: Stack) -> None:
    """A second `up` of the same home says who runs, and leaves the first alone."""
    before = stack.status()
    line = refusal(launch(stack.home, "up", "--port", str(free_ports(1))))
    assert str(stack.up_pid) in line
    assert stack.urls[0] in line
    assert stack.status() == before


def test_a_busy_port_is_named(tmp_path: Path) -> None:
    """When any of the gateways' ports is taken, one line names the port and the option; nothing is started."""
    first = free_ports(2)
    with socket.socket() as other:
        other.bind(("127.0.0.1", first + 1))
        other.listen()
        line = refusal(launch(tmp_path, "up", "--port", str(first), "--gateways", "2"))
    assert str(first + 1) in line
    assert "--port" in line
    assert not (tmp_path / "postgres").exists()


def test_a_port_that_two_want(own_stack: MakeStack) -> None:
    """Of two homes that are started on one port at the same time one gets it; the other says so, and never `ready`."""
    first, second = own_stack(gateways=1, start=False), own_stack(gateways=1, start=False)
    second.port = first.port
    for stack in (first, second):
        stack.start(wait=False)
    wait_for(lambda: "ready http" in first.up_output() + second.up_output(), "one of them", within=60)
    loser, winner = (first, second) if "ready http" in second.up_output() else (second, first)
    assert loser.wait_up_ended(within=60) == 1  # it tries again some times first
    assert "ready http" not in loser.up_output()
    assert re.search("is in use|cannot listen", loser.up_output().strip().splitlines()[-1])
    assert winner.guest()


def test_nohup_outlives_its_terminal(own_stack: MakeStack) -> None:
    """SIGHUP, which a closed terminal sends, ends `up`, but not under nohup, which ignores it on its behalf."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        kept = own_stack(gateways=1)
    finally:
        signal.signal(signal.SIGHUP, before)
    ended = own_stack(gateways=1)
    for stack in (kept, ended):
        os.kill(stack.up_pid, signal.SIGHUP)
    assert ended.wait_up_ended() == 0
    assert kept.guest()
    assert "stopping" not in kept.up_output()


def test_an_address_that_is_not_ours(tmp_path: Path) -> None:
    """A host that this machine does not have is refused with the name of the option."""
    assert "--host" in refusal(launch(tmp_path, "up", "--host", "192.0.2.1", "--port", str(free_ports(1))))


def test_a_home_that_cannot_be_made(tmp_path: Path) -> None:
    """A home where a file stands in the way is one line."""
    (tmp_path / "file").write_text("")
    assert "file" in refusal(launch(tmp_path / "file" / "home", "up", "--port", str(free_ports(1))))


def test_data_outlive_a_clean_stop(own_stack: MakeStack) -> None:
    """SIGTERM ends everything within 20 s with exit code 0; the next `up` has the data and the same secret."""
    stack = own_stack(gateways=1)
    token = stack.guest()
    project = stack.project(token)
    pids = stack.status()
    began = time.monotonic()
    assert stack.stop() == 0
    assert time.monotonic() - began < 20
    for name, pid in pids.items():
        stack.wait_gone(name, pid, within=0.5)
    assert launch(stack.home, "status").returncode == 3
    stack.start()
    assert stack.room_token(token, project).role == "owner"


def test_control_c_stops_too(own_stack: MakeStack) -> None:
    """SIGINT is as good as SIGTERM, also while Atrium is still starting."""
    stack = own_stack(gateways=1, start=False)
    stack.start(wait=False)
    wait_for(lambda: "valkey started" in stack.up_output(), "the middle of a start")
    os.kill(stack.up_pid, signal.SIGINT)
    assert stack.stop() == 0
    stack.start()


def test_a_second_control_c_hurries(own_stack: MakeStack) -> None:
    """Another SIGINT ends the waits for what is still draining."""
    stack = own_stack(gateways=1)
    stubborn = stack.pid("gateway-1")
    os.kill(stack.up_pid, signal.SIGINT)
    wait_for(lambda: "stopping gateway-1" in stack.up_output(), "the begin of the stop")
    os.kill(stack.up_pid, signal.SIGINT)
    began = time.monotonic()
    assert stack.stop() == 0
    assert time.monotonic() - began < 8
    stack.wait_gone("gateway-1", stubborn, within=0.5)


def test_two_workers_and_an_eager_log(own_stack: MakeStack) -> None:
    """`--workers 2` runs two, both at work; ATRIUM_APPENDFSYNC=always reaches Valkey."""
    stack = own_stack(gateways=1, workers=2, environment={"ATRIUM_APPENDFSYNC": "always"})
    assert set(stack.status()) == {"gateway-1", "worker-1", "worker-2", "ai-1", "valkey", "postgres"}
    workers = ("worker-1", "worker-2")
    wait_for(lambda: all('"event": "working"' in stack.logs(name) for name in workers), "both at work")
    with valkey(stack) as client:
        assert client.config_get("appendfsync") == {"appendfsync": "always"}


def test_what_valkey_promises(stack: Stack) -> None:
    """Its file is on, and reaches the disk each second; nothing is thrown away to make room."""
    with valkey(stack) as client:
        assert client.config_get("appendonly") == {"appendonly": "yes"}
        assert client.config_get("appendfsync") == {"appendfsync": "everysec"}
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_an_appendfsync_that_promises_nothing(tmp_path: Path) -> None:
    """ATRIUM_APPENDFSYNC=no is refused in one line, before anything starts."""
    line = refusal(launch(tmp_path, "up", "--port", str(free_ports(1)), ATRIUM_APPENDFSYNC="no"))
    assert line == "ATRIUM_APPENDFSYNC must be everysec or always"
    assert not (tmp_path / "postgres").exists()


def test_other_servers_by_url(stack: Stack, own_stack: MakeStack) -> None:
    """DATABASE_URL and REDIS_URL replace the embedded servers, and their data is what is seen."""
    urls = {"DATABASE_URL": stack.database_url, "REDIS_URL": stack.redis_url}
    secret = (stack.home / "secret").read_text()
    other = own_stack(gateways=1, environment={**urls, "ATRIUM_SECRET": secret})
    assert set(other.status()) == {"gateway-1", "worker-1", "ai-1"}
    token = stack.guest()
    assert other.room_token(token, stack.project(token)).role == "owner"


def test_from_any_directory_and_by_symlink(stack: Stack, tmp_path: Path) -> None:
    """./atrium finds its checkout wherever it is called from, also by a link, and takes ATRIUM_HOME from there."""
    link = tmp_path / "atrium"
    link.symlink_to(CHECKOUT / "atrium")
    shown = subprocess.run(
        [sys.executable, str(link), "status", "--json"],
        cwd=stack.home.parent,
        env=os.environ | {"ATRIUM_HOME": stack.home.name},
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == 0, shown.stderr
    assert len(json.loads(shown.stdout)["processes"]) == 6
