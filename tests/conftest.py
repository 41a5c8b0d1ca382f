"""Fixtures that all tests share: a running Atrium, and what the tests with JavaScript clients need.

`stack` is one instance for the whole run (2 gateways, 1 worker), for tests that leave it as they found it.
`own_stack` makes one for a test that breaks things: `stack = own_stack(gateways=3)`.
"""

import os
import shutil
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import chromium
from tests.support.skips import EVERYTHING, NothingSkipped
from tests.support.stack import Stack

JS_CLIENTS = Path(__file__).parent / "clients" / "js"
IS_ROOT = os.getuid() == 0 and sys.platform == "linux"

MakeStack = Callable[..., Stack]
_stacks: list[Stack] = []


def _made(**options: Any) -> Stack:
    stack = Stack(**options)
    _stacks.append(stack)
    return stack


def _removed(stack: Stack) -> None:
    _stacks.remove(stack)
    stack.remove()


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The shared instance. Make projects of your own in it; never kill its processes."""
    shared = _made(gateways=2, workers=1)
    try:
        shared.start()
        yield shared
    finally:
        _removed(shared)


@pytest.fixture
def own_stack() -> Iterator[MakeStack]:
    """Makes and starts instances for one test: `own_stack(gateways=2, workers=1, environment={…}, start=True)`."""
    mine: list[Stack] = []

    def make(*, start: bool = True, **options: Any) -> Stack:
        fresh = _made(**options)
        mine.append(fresh)
        if start:
            fresh.start()
        return fresh

    try:
        yield make
    finally:
        for each in mine:
            _removed(each)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the ends of the logs to the report of a test that failed while it used a stack."""
    report = yield
    if report.failed and {"stack", "own_stack"} & set(getattr(item, "fixturenames", ())):
        report.sections.extend((f"logs of {stack.home.name}", stack.tails()) for stack in _stacks)
    return report


def pytest_configure(config: pytest.Config) -> None:
    if os.environ.get(EVERYTHING):
        config.pluginmanager.register(NothingSkipped())


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests marked `js` or `browser` need programs that are not Python's; say why where they are skipped. Those marked
    `root` are no part of a run that may skip nothing, unless it is root's: `.ci/run` runs them apart."""
    if not IS_ROOT and os.environ.get(EVERYTHING):
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("root")])
        items[:] = [item for item in items if not item.get_closest_marker("root")]
    for mark, reason in (missing() | only_root()).items():
        for item in items:
            if item.get_closest_marker(mark):
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_sessionstart() -> None:
    if os.environ.get(EVERYTHING):
        for reason in missing().values():
            raise pytest.UsageError(f"{reason}, and {EVERYTHING} forbids to skip the tests that need it")


def only_root() -> dict[str, str]:
    return {} if IS_ROOT else {"root": "only root on Linux can become others"}


def missing() -> dict[str, str]:
    """The marks of the tests that cannot run here, and why."""
    reasons = {}
    if shutil.which("node") is None:
        reasons["js"] = "Node.js is not installed"
    elif not (JS_CLIENTS / "node_modules").is_dir():
        reasons["js"] = "the npm packages of tests/clients/js are not installed (./atrium test installs them)"
    if chromium.PROGRAM is None:
        reasons["browser"] = "Chromium is not installed"
    return reasons
