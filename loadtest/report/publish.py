"""placeholder"""

from pathlib import Path
from loadtest.report.results import Report


def write(report: Report, folder: Path) -> list[Path]:
    return []
