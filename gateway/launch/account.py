"""Which account PostgreSQL runs as. It refuses to run as root, so root lends it another account; where that
account cannot reach the data or the binaries, the child gets one capability instead of anybody's directories
getting other permissions (docs/decisions/0002-embedded-postgres-as-root.md). Called by `postgres`.
"""

import os
import pwd
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from gateway.launch.errors import LaunchError

CAP_DAC_OVERRIDE = 1  # capabilities(7): pass every permission check
CAP_DAC_READ_SEARCH = 2  # read and pass through everything, write nothing
CAP_SETPCAP = 8  # needed to hand one of them on (exec_child.py)
UNPRIVILEGED = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """Who to become, and with which Linux capabilities."""

    uid: int
    gid: int
    capabilities: tuple[int, ...] = ()


def choose(data: Path) -> Account | None:
    """The account for the server over `data`: None for our own; the owner of data that is there already."""
    if os.getuid() != 0:
        return None
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    for name in UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise LaunchError(f"PostgreSQL does not run as root, and there is no account {' or '.join(UNPRIVILEGED)}")


def with_reach(account: Account, *, folders: list[Path], programs: list[Path]) -> Account:
    """The account with what it needs to enter the folders and run the programs."""
    if can(account, folders=folders, programs=programs):
        return account
    if sys.platform != "linux":
        raise LaunchError(f"the account that runs PostgreSQL cannot reach {folders[0]}; start Atrium as a plain user")
    # Running a file that its mode keeps for its owner takes the stronger of the two.
    runnable = all(program.stat().st_mode & 0o001 for program in programs)
    wanted = [CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE] if runnable else [CAP_DAC_OVERRIDE]
    held = permitted_capabilities()
    for capability in wanted:
        if held >> capability & 1 and held >> CAP_SETPCAP & 1:
            return Account(account.uid, account.gid, (capability,))
    raise LaunchError(
        f"PostgreSQL cannot run as root, and its account cannot reach {folders[0]}; "
        "set ATRIUM_HOME to a directory that all may pass through, or start Atrium as a plain user"
    )


def permitted_capabilities() -> int:
    status = Path("/proc/self/status").read_text()
    found = re.search(r"^CapPrm:\s*([0-9a-f]+)", status, re.MULTILINE)
    return int(found[1], 16) if found else 0


def can(account: Account, *, folders: list[Path], programs: list[Path]) -> bool:
    """Ask the kernel, as that account, in a forked child: it knows about groups, lists and mounts."""
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([account.gid])
            os.setgid(account.gid)
            os.setuid(account.uid)
            reached = all(os.access(path, os.X_OK) for path in [*folders, *programs])
            os._exit(0 if reached else 1)
        finally:
            os._exit(2)
    return os.waitpid(pid, 0)[1] == 0
