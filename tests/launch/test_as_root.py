"""PostgreSQL when Atrium is run by root (docs/decisions/0002-embedded-postgres-as-root.md)."""

import re
import tempfile
from pathlib import Path

import pytest

from gateway.launch.account import CAP_DAC_READ_SEARCH, Account, can
from gateway.launch.home import Home
from gateway.launch.postgres import binaries
from tests.conftest import MakeStack

pytestmark = pytest.mark.root


def facts(pid: int) -> dict[str, str]:
    status = Path(f"/proc/{pid}/status").read_text()
    return dict(re.findall(r"^(\w+):\s*(.*)$", status, re.MULTILINE))


def test_under_a_private_directory(own_stack: MakeStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a directory that only root may enter the database runs, as another account, with at most the right to read
    and pass through; the permissions of that directory stay what they were."""
    with tempfile.TemporaryDirectory() as private:
        Path(private).chmod(0o700)
        monkeypatch.setattr(tempfile, "tempdir", private)
        stack = own_stack(gateways=1)
        shown = facts(stack.pid("postgres"))
        assert shown["Uid"].split()[0] != "0"
        assert int(shown["CapEff"], 16) == 1 << CAP_DAC_READ_SEARCH
        assert Path(private).stat().st_mode & 0o777 == 0o700
        token = stack.guest()
        stack.wait_restarted("postgres", stack.kill("postgres"))
        stack.wait_ready()
        stack.stop()
        stack.start()
        assert stack.project(token)
        stack.stop()


def test_where_all_may_pass_nothing_is_granted(own_stack: MakeStack) -> None:
    """Where the account can reach the data and the programs, the database has no capability at all; where the programs
    are in a directory that only root may enter, the one to read and pass through."""
    stack = own_stack(gateways=1, start=False)
    stack.home.chmod(0o755)
    stack.start()
    shown = facts(stack.pid("postgres"))
    home = Home(stack.home)
    owner = home.postgres.stat()
    programs = [binaries(home.postgres) / "postgres"]
    reaches = can(Account(owner.st_uid, owner.st_gid), folders=[home.postgres_socket], programs=programs)
    assert int(shown["CapEff"], 16) == (0 if reaches else 1 << CAP_DAC_READ_SEARCH)
