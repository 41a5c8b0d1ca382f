"""What `up` does when processes die, itself among them."""

import os
import signal

import pytest

from gateway.launch.home import Home
from gateway.launch.instance import Instance
from tests.conftest import MakeStack
from tests.launch.commands import launch
from tests.support.waiting import wait_for


def test_every_child_comes_back(own_stack: MakeStack) -> None:
    """Each process that is killed is started again, its death named in one line, and all gateways end up ready."""
    stack = own_stack(gateways=2)
    token = stack.guest()
    for name in ("gateway-2", "worker-1", "valkey", "postgres"):
        stack.wait_restarted(name, stack.kill(name))
        assert f"{name} killed by SIGKILL" in stack.up_output()
    stack.wait_ready()
    assert stack.project(token)


def test_all_at_once(own_stack: MakeStack) -> None:
    """All children killed in the same moment come back, each of them once."""
    stack = own_stack(gateways=2)
    token = stack.guest()
    before = stack.status()
    for name in before:
        stack.kill(name)
    for name, pid in before.items():
        stack.wait_restarted(name, pid)
    stack.wait_ready()
    assert stack.project(token)


@pytest.mark.parametrize("record", ["kept", "lost", "torn"])
def test_killed_predecessor(own_stack: MakeStack, record: str) -> None:
    """kill -9 of `up` leaves no process behind for long, and the next `up` goes on with all data, with or without
    its record of the processes."""
    stack = own_stack(gateways=1)
    token = stack.guest()
    project = stack.project(token)
    old = stack.status()
    os.kill(stack.up_pid, signal.SIGKILL)
    stack.wait_up_ended()
    assert launch(stack.home, "status", "--json").returncode == 3
    path = Home(stack.home).instance
    if record == "lost":
        path.unlink(missing_ok=True)
    elif record == "torn":
        path.write_text('{"up": {"pid"')
    stack.start()
    for name, pid in old.items():
        stack.wait_gone(name, pid, within=0.5)
    assert stack.room_token(token, project).role == "owner"


def test_leftovers_are_ended(own_stack: MakeStack) -> None:
    """Where a frozen child outlived its killed `up`, the next `up` ends it first: two never share the data."""
    stack = own_stack(gateways=1)
    old = stack.status()
    for name in ("gateway-1", "valkey"):
        stack.pause(name)
    os.kill(stack.up_pid, signal.SIGKILL)
    stack.wait_up_ended()
    stack.start()
    assert "ending what a killed start left behind" in stack.up_output()
    for name, pid in old.items():
        stack.wait_gone(name, pid, within=0.5)


def test_power_cut(own_stack: MakeStack) -> None:
    """Everything killed at once, with all locks and sockets left lying about, is followed by a normal start."""
    stack = own_stack(gateways=1)
    token = stack.guest()
    project = stack.project(token)
    stack.kill_all()
    assert (Home(stack.home).postgres / "postmaster.pid").exists()
    stack.start()
    assert stack.room_token(token, project).role == "owner"


def test_foreign_ids_are_left_alone(own_stack: MakeStack) -> None:
    """Lock and pid files that name a living stranger stop nothing, and the stranger is not touched."""
    stack = own_stack(gateways=1)
    stack.kill_all()
    home = Home(stack.home)
    me = str(os.getpid())
    lines = (home.postgres / "postmaster.pid").read_text().split("\n")
    (home.postgres / "postmaster.pid").write_text("\n".join([me, *lines[1:]]))
    home.lock.write_text(me)
    recorded = Instance.read(home.instance)
    assert recorded is not None
    home.instance.write_text(
        home.instance.read_text().replace(f'"pid": {recorded.processes[0].process.pid}', f'"pid": {me}')
    )
    stack.start()


def test_a_child_that_never_starts(own_stack: MakeStack) -> None:
    """Damaged data end `up` with the reason and the place of the log, after some attempts, not with a loop."""
    stack = own_stack(gateways=1)
    stack.stop()
    (Home(stack.home).postgres / "postgresql.conf").write_text("no such setting\n")
    stack.start(wait=False)
    assert stack.wait_up_ended() == 1
    last = stack.up_output().strip().splitlines()[-1]
    assert "postgres does not start" in last
    assert "logs/postgres.log" in last


def test_an_interrupted_first_start(own_stack: MakeStack) -> None:
    """kill -9 while the database is made: the next start makes it anew."""
    stack = own_stack(gateways=1, start=False)
    stack.start(wait=False)
    wait_for(lambda: list(stack.home.glob("postgres.new*")), "the begin of initdb")
    os.kill(stack.up_pid, signal.SIGKILL)
    stack.wait_up_ended()
    stack.start()  # while the initdb of the first may still be ending
    assert stack.guest()
    stack.stop()
    stack.start()
    assert not list(stack.home.glob("postgres.new*"))
