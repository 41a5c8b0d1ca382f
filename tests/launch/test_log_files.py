"""Logs stay bounded while their processes write (gateway/launch/log_files.py)."""

import shutil
from pathlib import Path
from typing import NoReturn

import pytest

from gateway.launch.home import Home
from gateway.launch.limits import LOG_BYTES
from gateway.launch.log_files import cut
from tests.conftest import MakeStack
from tests.support.waiting import wait_for


def test_a_running_process_keeps_its_log_small(own_stack: MakeStack) -> None:
    """A log that grew too large is set aside whole while its process runs, and goes on from its beginning."""
    stack = own_stack(gateways=1)
    pid = stack.pid("gateway-1")
    logs = Home(stack.home).logs
    log, aside = logs / "gateway-1.log", logs / "gateway-1.log.1"
    with log.open("a") as file:
        file.write('{"event": "much"}\n' * (LOG_BYTES // 18))
    wait_for(aside.exists, "the log to be set aside")
    assert aside.read_text().startswith('{"host"')
    assert aside.read_text().endswith('{"event": "much"}\n')
    stack.guest()
    wait_for(lambda: "/api/auth/guest" in log.read_text(), "the next line")
    assert log.read_text().startswith("{")
    assert log.stat().st_size < 10_000
    assert stack.pid("gateway-1") == pid


def test_a_full_disk_keeps_no_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a log cannot be set aside it is dropped, and what was set aside before stays."""

    def full(*_: object) -> NoReturn:
        raise OSError(28, "No space left on device")

    log, aside = tmp_path / "x.log", tmp_path / "x.log.1"
    log.write_text("new")
    aside.write_text("old")
    monkeypatch.setattr(shutil, "copyfileobj", full)
    cut(log)
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["x.log", "x.log.1"]
    assert (log.read_text(), aside.read_text()) == ("", "old")
