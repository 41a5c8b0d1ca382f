"""`./atrium status`: what runs in this home, read from its instance file and the process table. Called by `__main__`.

Works without the virtual environment and while nothing runs.
"""

import json

from gateway.launch.home import Home
from gateway.launch.instance import Instance

NOT_RUNNING = 3  # exit code, as init scripts have it


def show(home: Home, *, as_json: bool) -> int:
    """Print the live processes; the exit code says whether an instance runs."""
    instance = Instance.read(home.instance)
    running = instance is not None and instance.up.alive
    listed = [each for each in instance.processes if each.process.alive] if instance and running else []
    if as_json:
        rows = [
            {"name": each.name, "pid": each.process.pid} | ({"url": each.url} if each.url else {}) for each in listed
        ]
        print(json.dumps({"processes": rows}))
    elif not running:
        print(f"not running (home {home.root})")
    else:
        for each in listed:
            print(f"{each.name:<12} {each.process.pid:>8}  {each.url or ''}".rstrip())
    return 0 if running else NOT_RUNNING
