"""`./atrium` itself: making `.venv` from a lock, in a checkout of one file with a wheel made here. No network."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.launch.settings import CHECKOUT
from tests.support.waiting import wait_for

WITHIN = 120.0  # seconds; a virtual environment takes a few, on a busy machine many


@dataclass(frozen=True)
class Checkout:
    """A folder with ./atrium, its locks, and a `gateway.launch` that only says what it was given."""

    root: Path
    wheels: Path

    def add(self, version: str) -> None:
        """Make the wheel `tiny` in a version and lock to it."""
        wheel = self.wheels / f"tiny-{version}-py3-none-any.whl"
        info = f"tiny-{version}.dist-info"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr("tiny.py", f"VERSION = {version!r}\n")
            archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: tiny\nVersion: {version}\n")
            archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            archive.writestr(f"{info}/RECORD", "")
        self.lock(version, hashlib.sha256(wheel.read_bytes()).hexdigest())

    def lock(self, version: str, digest: str) -> None:
        for name in ("requirements.lock", "requirements-dev.lock"):
            (self.root / name).write_text(f"tiny=={version} \\\n    --hash=sha256:{digest}\n")

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PIP_")}
        return subprocess.Popen(
            [sys.executable, str(self.root / "atrium"), *arguments],
            env=environment | {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.wheels)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str) -> tuple[int, str]:
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=WITHIN)
        return process.returncode, output


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    made = Checkout(tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("wheels"))
    shutil.copy(CHECKOUT / "atrium", made.root)
    launch = made.root / "gateway" / "launch"
    launch.mkdir(parents=True)
    (launch / "__main__.py").write_text("import sys, tiny\nprint('launched', tiny.VERSION, *sys.argv[1:])\n")
    made.add("1.0")
    return made


def test_the_first_start_installs_and_the_second_is_immediate(checkout: Checkout) -> None:
    """The first start shows what it installs; the next goes straight on, with all arguments."""
    status, output = checkout.run("up", "--port", "1")
    assert status == 0, output
    assert "[1/1] tiny" in output
    assert output.endswith("launched 1.0 up --port 1\n")
    assert checkout.run("up") == (0, "launched 1.0 up\n")


def test_an_interrupted_start_and_then_two_at_once(checkout: Checkout) -> None:
    """SIGTERM ends a start that installs; of two starts after it one makes `.venv` anew, the other waits for it."""
    shutil.rmtree(checkout.root / ".venv", ignore_errors=True)
    interrupted = checkout.start("up")
    wait_for(lambda: (checkout.root / ".venv" / "bin" / "python").exists(), "the begin of `.venv`", within=WITHIN)
    interrupted.terminate()
    output, _ = interrupted.communicate(timeout=WITHIN)
    assert interrupted.returncode == 143, output
    assert not (checkout.root / ".venv" / "run.stamp").exists()
    both = [checkout.start("up"), checkout.start("up")]
    outputs = [process.communicate(timeout=WITHIN)[0] for process in both]
    assert all(output.endswith("launched 1.0 up\n") for output in outputs), outputs
    assert sum("[1/1] tiny" in output for output in outputs) == 1


def test_a_new_lock_is_installed_and_a_wrong_hash_refused(checkout: Checkout) -> None:
    """A changed lock is followed at the next start; what does not match its hash is refused in one line, and a
    corrected lock repairs it."""
    checkout.add("2.0")
    good = (checkout.root / "requirements.lock").read_text()
    checkout.lock("2.0", "0" * 64)
    status, output = checkout.run("up")
    assert status == 1
    assert "Traceback" not in output
    assert output.splitlines()[-1].startswith("atrium: installing failed")
    (checkout.root / "requirements.lock").write_text(good)
    status, output = checkout.run("up")
    assert (status, output.splitlines()[-1]) == (0, "launched 2.0 up")


@pytest.mark.parametrize("command", [["--help"], ["test", "--help"], ["bench", "--help"], []])
def test_help_needs_nothing(command: list[str]) -> None:
    """Help is shown without installing anything, and names every command."""
    shown = subprocess.run([str(CHECKOUT / "atrium"), *command], capture_output=True, text=True, check=True)
    assert shown.stdout.startswith("usage: ./atrium")
    if command in (["--help"], []):
        assert all(name in shown.stdout for name in ("up", "status", "test", "bench", "ATRIUM_HOME"))


def test_the_help_of_bench_names_every_option() -> None:
    """What `bench --help` shows without installing anything is what the benchmarks take."""
    shown = subprocess.run([str(CHECKOUT / "atrium"), "bench", "-h"], capture_output=True, text=True, check=True).stdout
    for module in ("loadtest", "loadtest.rest"):
        asked = [sys.executable, "-m", module, "--help"]
        real = subprocess.run(asked, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
        for option in set(re.findall(r"--[a-z-]+", real)) - {"--help"}:
            assert option in shown, f"{module} {option}"


def test_a_reader_that_goes_away(checkout: Checkout) -> None:
    """When nobody reads what the start says any more (`| head`), it goes on all the same."""
    shutil.rmtree(checkout.root / ".venv", ignore_errors=True)
    start = checkout.start("up")
    assert start.stdout is not None
    start.stdout.readline()
    start.stdout.close()
    start.wait(WITHIN)
    assert (checkout.root / ".venv" / "run.stamp").exists()


def test_an_unknown_command_is_one_line() -> None:
    """What is no command is refused with a way on."""
    ended = subprocess.run([str(CHECKOUT / "atrium"), "fly"], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert re.fullmatch(r"atrium: .*'fly'.*--help.*\n", ended.stderr)


def test_an_old_python_is_told_so() -> None:
    """A Python that is too old, with no other at hand, says which is needed."""
    program = (
        "import runpy, sys; sys.version_info = (3, 8, 1, 'final', 0); sys.argv = ['atrium', 'up'];"
        f"runpy.run_path({str(CHECKOUT / 'atrium')!r}, run_name='__main__')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], env={"PATH": "/nowhere"}, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (1, "atrium: needs Python 3.11 or 3.12, and this is 3.8\n")


def test_nothing_may_be_skipped_in_ci(tmp_path: Path) -> None:
    """Where every test must run, a missing Node.js ends the run before it begins, in pytest and in ./atrium."""
    environment = {"PATH": "/nowhere", "ATRIUM_TEST_EVERYTHING": "1", "HOME": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-p", "no:cacheprovider", "tests/launch/test_values.py"],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 4
    assert "Node.js is not installed" in ended.stderr


SKIPS = """
import pytest
@pytest.mark.skip(reason="by its mark")
def test_1(): pass
def test_2(): pytest.skip("while it runs")
@pytest.mark.xfail
def test_3(): assert False
def test_4(): pass
"""


def test_a_skip_is_a_failure_in_ci(tmp_path: Path) -> None:
    """Where every test must run, each way to skip one or a whole file fails; one that is expected to fail does not."""
    (tmp_path / "test_some.py").write_text(SKIPS)
    (tmp_path / "test_none.py").write_text("import pytest\npytest.skip('all of it', allow_module_level=True)\n")
    program = (
        "import sys, pytest; from tests.support.skips import NothingSkipped;"
        "sys.exit(pytest.main(sys.argv[1:], plugins=[NothingSkipped()]))"
    )
    options = ["-q", "--continue-on-collection-errors", "-p", "no:cacheprovider", "-c", "/dev/null"]
    ended = subprocess.run(
        [sys.executable, "-c", program, *options, str(tmp_path)],
        cwd=CHECKOUT,
        env=os.environ | {"CI": "true"},  # its summary does not cut lines
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "1 failed, 1 passed, 1 xfailed, 2 errors" in ended.stdout  # at set-up and collecting they are errors
    assert ended.stdout.count("ATRIUM_TEST_EVERYTHING forbids to skip") == 6  # each in its report and in the summary
