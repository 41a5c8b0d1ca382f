"""Whose home it is. A home belongs to the account that made it, and everything in it has to: servers write their files
as whoever started them. Called by `supervisor` before it makes or opens anything.

    plain user, somebody else's home ──► one line that says how to go on
    root, a plain user's home        ──► runs as that user: otherwise it would be root's from then on
"""

import os
import pwd
import shlex
import sys
from pathlib import Path

from gateway.launch.account import Account, can
from gateway.launch.errors import AlreadyRunning, LaunchError
from gateway.launch.home import Home
from gateway.launch.instance import Instance, who_runs
from gateway.launch.report import say
from gateway.launch.settings import CHECKOUT


def settle(home: Home) -> None:
    """Make sure that we may use this home, or raise a LaunchError; as root, become its owner if that is possible."""
    if os.getuid() != 0:
        refuse_foreign(home)
    elif home.root.exists() and (owner := home.root.stat().st_uid) != 0:
        become_owner(owner, home.root)


def refuse_foreign(home: Home) -> None:
    """Raise a LaunchError if something in the home belongs to another account than ours."""
    if home.root.exists() and not os.access(home.root, os.W_OK | os.X_OK):
        foreign = home.root
    else:
        parts = [home.lock, home.logs, home.run, home.valkey, home.postgres, home.root / "secret"]
        found = (path for path in parts if path.exists() and path.lstat().st_uid != os.getuid())
        first = next(found, None)
        if first is None:
            return
        foreign = first
    instance = Instance.read(home.instance)
    if instance is not None and instance.up.alive:
        raise AlreadyRunning(who_runs(home, str(instance.up.pid)))
    owner, me = name_of(foreign.lstat().st_uid), name_of(os.getuid())
    raise LaunchError(
        f"{foreign} belongs to {owner}, and you are {me}; set ATRIUM_HOME to another folder, or hand this one over "
        f"once with: sudo chown -R {me} {shlex.quote(str(home.root))}"
    )


def become_owner(uid: int, folder: Path) -> None:
    """Give up being root for good, where the owner could have started us too; else go on as root."""
    account = Account(uid, primary_group(uid, folder.stat().st_gid))
    if not can(account, folders=[CHECKOUT, folder], programs=[Path(sys.executable)]):
        say(f"{folder} belongs to {name_of(uid)}, who cannot run {sys.executable}: going on as root")
        return
    say(f"{folder} belongs to {name_of(uid)}: running as that account")
    os.setgroups([account.gid])
    os.setgid(account.gid)
    os.setuid(account.uid)


def primary_group(uid: int, otherwise: int) -> int:
    try:
        return pwd.getpwuid(uid).pw_gid
    except KeyError:
        return otherwise


def name_of(uid: int) -> str:
    """The account's name, or its number where it has none (in a container)."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
