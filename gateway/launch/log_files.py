"""Keeping the logs of a running instance small. Run by `supervisor`; what is too large at a start, `home` renames.

Children write to their logs themselves, so that no pipe stands between them and their last words. They cannot be asked
to open another file; so what is there is copied aside, and the file cut. They append (O_APPEND): their next line is its
first. A line that is written between the last read and the cut is lost.
"""

import asyncio
import shutil
from pathlib import Path

from gateway.launch.limits import LOG_BYTES, LOG_LOOK
from gateway.launch.report import say


async def keep_small(logs: Path) -> None:
    """Look at all logs of this folder for ever; cancel to stop."""
    while True:
        await asyncio.sleep(LOG_LOOK)
        look(logs)


def look(logs: Path) -> None:
    """Cut every log that is too large."""
    for log in sorted(logs.glob("*.log")):
        try:
            if log.stat().st_size > LOG_BYTES:
                cut(log)
        except OSError as refused:
            say(f"cannot shorten {log}: {refused}")


def cut(log: Path) -> None:
    """Move a log's content to NAME.log.1 while its process goes on writing. Where there is no room for that (a full
    disk), it is dropped: the log has to stay bounded. Raises OSError."""
    aside = log.with_suffix(".log.1")
    copy = log.with_suffix(".log.1.new")
    with log.open("rb+") as file:
        try:
            with copy.open("wb") as kept:
                shutil.copyfileobj(file, kept, 1 << 20)
        except OSError as refused:
            copy.unlink(missing_ok=True)
            say(f"the log {log} is dropped, because it cannot be set aside: {refused}")
            file.truncate(0)
            return
        file.truncate(0)
    copy.replace(aside)
