"""In CI every test runs: one that is skipped fails there. Registered by tests/conftest.py where EVERYTHING is set."""

from collections.abc import Generator
from typing import Final, TypeVar

import pytest

EVERYTHING: Final = "ATRIUM_TEST_EVERYTHING"  # .ci/run sets it: there no test may be skipped
Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


class NothingSkipped:
    """A plugin: what is skipped, a test or a whole file, has failed."""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        return refused((yield))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(self) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        return refused((yield))


def refused(report: Report) -> Report:
    if report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{EVERYTHING} forbids to skip: {report.longrepr}"
    return report
