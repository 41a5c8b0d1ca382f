"""The launcher's decisions that need no process."""

import os
import signal
import tempfile
from pathlib import Path

import pytest

from gateway.launch.child import back_off, how_it_ended
from gateway.launch.errors import LaunchError
from gateway.launch.home import Home, reason_in
from gateway.launch.instance import Instance, Listed
from gateway.launch.limits import (
    RESTART_FIRST,
    RESTART_MOST,
    RESTART_RESET_AFTER,
    STOP_AI,
    STOP_GATEWAY,
    STOP_POSTGRES,
    STOP_VALKEY,
    STOP_WORKER,
)
from gateway.launch.postgres import binaries
from gateway.launch.process import Process, command_line
from gateway.launch.settings import settings_from


def settings(**environment: str) -> object:
    return settings_from(environment, host=None, port=None, gateways=2, workers=1)


def test_restarts_slow_down_and_recover() -> None:
    """Each early death doubles the wait up to the limit; a child that lived long enough starts over."""
    waits = [0.0]
    for _ in range(8):
        waits.append(back_off(waits[-1], alive=0.1))
    assert waits[1:4] == [RESTART_FIRST, 2 * RESTART_FIRST, 4 * RESTART_FIRST]
    assert waits[-1] == RESTART_MOST
    assert back_off(RESTART_MOST, alive=RESTART_RESET_AFTER) == RESTART_FIRST


def test_stopping_fits_into_what_up_promises() -> None:
    """The longest waits of all groups together stay below 20 s."""
    assert max(STOP_GATEWAY, STOP_AI) + STOP_WORKER + STOP_VALKEY + STOP_POSTGRES < 20


def test_an_exit_is_told_in_words() -> None:
    """A signal is named, a status is given as a number."""
    assert how_it_ended(-signal.SIGKILL) == "killed by SIGKILL"
    assert how_it_ended(3) == "ended with status 3"


def test_a_long_home_has_its_sockets_elsewhere(tmp_path: Path) -> None:
    """Socket paths fit into sun_path, however deep the home is, and differ from home to home."""
    deep = [Home(tmp_path / ("x" * 120) / name) for name in ("a", "b")]
    assert all(len(os.fsencode(home.postgres_socket / ".s.PGSQL.5432")) <= 100 for home in deep)
    assert deep[0].run != deep[1].run
    assert deep[0].run.parent == Path(tempfile.gettempdir())


@pytest.mark.parametrize("name", ["a,b", 'a"b'])
def test_a_home_that_no_socket_may_have(name: str) -> None:
    """Where PostgreSQL could not read the path of its socket's directory, it is elsewhere too."""
    assert Home(Path("/data") / name).run.parent == Path(tempfile.gettempdir())
    assert Home(Path("/data/a b'c%d")).run.parent == Path("/data/a b'c%d")


def test_the_secret_is_made_once_and_private(tmp_path: Path) -> None:
    """The signing key survives, is long enough, and is for its owner alone."""
    home = Home(tmp_path)
    first = home.secret()
    assert len(first.encode()) >= 32
    assert home.secret() == first
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600


def test_a_large_log_is_set_aside(tmp_path: Path) -> None:
    """A log above its limit moves away at the next start, so two of them bound the space."""
    home = Home(tmp_path)
    home.logs.mkdir()
    with (home.logs / "valkey.log").open("wb") as file:
        file.truncate(20_000_000)
    assert not home.log("valkey").exists()
    assert (home.logs / "valkey.log.1").exists()


def test_the_reason_in_a_log(tmp_path: Path) -> None:
    """Of the last start's lines the last one that sounds like a reason is told, else the last; blank ones never."""
    log = tmp_path / "x.log"
    log.write_text("old error\n")
    since = log.stat().st_size
    log.write_text("old error\nfirst\nthe end\n\n")
    assert reason_in(log, since) == "the end"
    log.write_text("old error\nFATAL:  no room\nLOG: shut down\n")
    assert reason_in(log, since) == "FATAL:  no room"
    assert reason_in(log, 10_000) == "FATAL:  no room"  # it was set aside and begun anew meanwhile
    log.write_text("\n")
    assert reason_in(log) == "(empty log)"
    assert reason_in(tmp_path / "none") == "(no log)"


def test_a_process_is_more_than_its_id() -> None:
    """Our own id with another start time is another process, and gets no signal."""
    me = Process.of(os.getpid())
    assert me.alive
    stranger = Process(me.pid, "1")
    assert not stranger.alive
    stranger.signal(signal.SIGKILL)
    assert "python" in command_line(me.pid)


def test_half_an_instance_file_is_no_instance(tmp_path: Path) -> None:
    """What a power cut left of the file is ignored; a whole one comes back as it was."""
    path = tmp_path / "instance.json"
    instance = Instance(Process(1, "2"), "http://x", (Listed("valkey", Process(3, "4")),))
    instance.write(path)
    assert Instance.read(path) == instance
    path.write_text(path.read_text()[:20])
    assert Instance.read(path) is None


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"ATRIUM_SECRET": "short"}, "ATRIUM_SECRET"),
        ({"ATRIUM_PORT": "http"}, "ATRIUM_PORT"),
        ({"ATRIUM_PORT": "65535"}, "65536"),
        ({"ATRIUM_APPENDFSYNC": "no"}, "ATRIUM_APPENDFSYNC must be everysec or always"),
    ],
)
def test_wrong_settings_are_named(environment: dict[str, str], said: str) -> None:
    """A setting that cannot work is refused by its name, before anything starts."""
    with pytest.raises(LaunchError, match=said):
        settings(**environment)


def test_sockets_are_not_put_where_others_may_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory for sockets in the shared temporary directory that others may enter is refused."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    home = Home(tmp_path / ("x" * 120))
    home.create()
    home.create()
    home.run.chmod(0o777)
    with pytest.raises(LaunchError, match="private"):
        home.create()


def test_data_of_another_postgres_are_refused(tmp_path: Path) -> None:
    """Data of a version that is not among the embedded ones are left alone, and both are named."""
    (tmp_path / "PG_VERSION").write_text("13\n")
    with pytest.raises(LaunchError, match=r"PostgreSQL 13"):
        binaries(tmp_path)
