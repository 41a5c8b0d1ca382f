"""Ending what a killed predecessor left running. Called by `supervisor`, holding the home's lock.

On Linux the kernel signals the children of a killed `up` (exec_child.py); here we wait until they are gone, and on
systems without that we send the signal ourselves.
"""

import asyncio
import signal

from gateway.launch.home import Home
from gateway.launch.instance import Instance, Listed
from gateway.launch.limits import LEFTOVER_END
from gateway.launch.report import say


async def end_leftovers(home: Home) -> None:
    """End every process that the last instance file lists and that still is the same process."""
    instance = Instance.read(home.instance)
    remaining = [each for each in instance.processes if each.process.alive] if instance else []
    if remaining:
        say(f"ending what a killed start left behind: {', '.join(each.name for each in remaining)}")
        await asyncio.gather(*(end(each) for each in remaining))
    home.instance.unlink(missing_ok=True)


async def end(listed: Listed) -> None:
    """Ask, wait, insist. PostgreSQL's SIGINT is its clean and prompt way out, SIGQUIT the prompt one."""
    database = listed.name == "postgres"
    for number, within in [
        (signal.SIGINT if database else signal.SIGTERM, LEFTOVER_END),
        (signal.SIGQUIT if database else signal.SIGKILL, 2.0),
        (signal.SIGKILL, 2.0),
    ]:
        listed.process.signal(number)
        listed.process.signal(signal.SIGCONT)
        deadline = asyncio.get_running_loop().time() + within
        while listed.process.alive:
            if asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(0.05)
        else:
            return
