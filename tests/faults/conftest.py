"""One Atrium for most tests of this folder: they break it, and it has to be whole again before the next one."""

import signal
from collections.abc import Generator, Iterator

import pytest

from tests.support.stack import Stack
from tests.support.waiting import wait_for

GATEWAYS = 3
PARK_AFTER = 4
"""Seconds: idle logs leave Redis so soon here that a test can see it; longer than any opening takes."""


@pytest.fixture(scope="session")
def battered() -> Iterator[Stack]:
    """Three gateways and a worker. Use it through `atrium`."""
    stack = Stack(gateways=GATEWAYS, workers=1, environment={"ATRIUM_PARK_AFTER": str(PARK_AFTER)})
    try:
        stack.start()
        yield stack
    finally:
        stack.remove()


@pytest.fixture
def atrium(battered: Stack) -> Iterator[Stack]:
    """The instance that may be broken: all its processes run when the test begins, and none is left frozen."""
    wait_whole(battered)
    yield battered
    for name in battered.status():
        battered.kill(name, signal.SIGCONT)


def wait_whole(stack: Stack) -> None:
    """Until every process runs and every gateway is ready."""
    names = {"valkey", "postgres", "worker-1", *(f"gateway-{number + 1}" for number in range(stack.gateways))}
    wait_for(lambda: names <= stack.status().keys(), "all processes", within=60)
    stack.wait_ready()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the ends of the logs to the report of a test that failed."""
    report = yield
    stack = getattr(item, "funcargs", {}).get("atrium")
    if report.failed and isinstance(stack, Stack):
        report.sections.append(("logs", stack.tails()))
    return report
