"""Homes of other accounts (gateway/launch/ownership.py). Each test becomes somebody in a process of its own."""

import os
import pwd
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.launch import ownership
from gateway.launch.errors import LaunchError
from gateway.launch.home import Home
from gateway.launch.instance import Instance
from gateway.launch.ownership import settle
from gateway.launch.process import Process

pytestmark = [
    pytest.mark.root,
    pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning"),  # the child only returns
]
SOMEBODY = pwd.getpwnam("nobody")


@pytest.fixture
def home() -> Iterator[Home]:
    """A home that is not made yet, in a folder where all may make one; pytest's own are private."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Home(Path(folder) / "home")


def elsewhere(what: Callable[[], object]) -> str:
    """What a function returns, or with what it refuses, in a forked process that may change its account."""
    reads, writes = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            said = str(what())
        except LaunchError as refused:
            said = f"refused: {refused}"
        except BaseException as error:  # noqa: BLE001  whatever it is, it goes to the parent and no further
            said = f"{type(error).__name__}: {error}"
        os.write(writes, said.encode())
        os._exit(0)
    os.close(writes)
    with os.fdopen(reads) as pipe:
        said = pipe.read()
    os.waitpid(pid, 0)
    return said


def as_somebody(what: Callable[[], object]) -> str:
    """The same as a plain user."""

    def changed() -> object:
        os.setgroups([])
        os.setgid(SOMEBODY.pw_gid)
        os.setuid(SOMEBODY.pw_uid)
        return what()

    return elsewhere(changed)


def test_a_home_of_root(home: Home) -> None:
    """A plain user is told in one line whose home it is, and both ways on; status tells that nothing runs."""
    home.create()
    said = as_somebody(lambda: settle(home))
    assert said.startswith(f"refused: {home.root} belongs to root, and you are {SOMEBODY.pw_name};")
    assert "ATRIUM_HOME" in said
    assert f"sudo chown -R {SOMEBODY.pw_name} {home.root}" in said
    assert "\n" not in said


def test_a_home_of_root_in_use(home: Home) -> None:
    """Where root's instance runs the plain user is told that, not to take its files away."""
    home.create()
    Instance(Process.of(os.getpid()), "http://127.0.0.1:1").write(home.instance)
    said = as_somebody(lambda: settle(home))
    assert said.startswith(f"refused: already running at http://127.0.0.1:1 (pid {os.getpid()}")


@pytest.mark.parametrize("part", ["logs", "lock", "postgres", "secret"])
def test_a_part_of_root(home: Home, part: str) -> None:
    """A home of one's own in which something is root's is named with that part."""
    as_somebody(home.create)
    path = home.root / part
    path.mkdir(exist_ok=True)
    os.chown(path, 0, 0)
    assert f"{path} belongs to root" in as_somebody(lambda: settle(home))


def test_a_home_that_was_handed_over(home: Home) -> None:
    """After the line's own advice the home is the user's."""
    home.create()
    for path in [home.root, *home.root.rglob("*")]:
        os.chown(path, SOMEBODY.pw_uid, -1)
    assert as_somebody(lambda: settle(home)) == "None"


def test_a_home_of_ones_own(home: Home) -> None:
    """Nobody is asked anything about a home that is new or theirs."""

    def twice() -> str:
        settle(home)
        home.create()
        settle(home)
        return "settled"

    assert as_somebody(twice) == "settled"


def test_root_becomes_the_owner(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root over a user's home is that user from then on, for good: nothing in it becomes root's."""
    as_somebody(home.create)
    monkeypatch.setattr(ownership, "CHECKOUT", Path("/"))
    monkeypatch.setattr(sys, "executable", "/bin/sh")  # the tests' Python may be in root's own folder

    def start() -> tuple[tuple[int, ...], list[int], bool]:
        settle(home)
        try:
            os.setuid(0)
        except PermissionError:
            return os.getresuid(), os.getgroups(), True
        return os.getresuid(), os.getgroups(), False

    uid, gid = SOMEBODY.pw_uid, SOMEBODY.pw_gid
    assert elsewhere(start).splitlines()[-1] == str(((uid, uid, uid), [gid], True))


def test_root_goes_on_where_the_owner_cannot(home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where the owner cannot run our Python, in root's private folder, root goes on as before."""
    as_somebody(home.create)
    tmp_path.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))

    def start() -> int:
        settle(home)
        return os.getuid()

    assert elsewhere(start).splitlines()[-1] == "0"
