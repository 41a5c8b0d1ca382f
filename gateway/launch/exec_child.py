"""The first moment of every child: what has to happen between fork and exec, as a program of its own.

Run by `child.spawn` as `python -I -S exec_child.py PLAN COMMAND…`; it becomes COMMAND under the same process
id. A program rather than a `preexec_fn`, because that runs Python in a forked copy of the supervisor.

    supervisor ──fork, exec──► this file ──limits, account, capabilities, death signal──exec──► postgres, …

Why capabilities: docs/decisions/0002-embedded-postgres-as-root.md. Standard library only; no import of ours.
"""

import ctypes
import json
import os
import resource
import sys

PR_SET_PDEATHSIG = 1  # prctl(2)
PR_SET_SECUREBITS = 28
SECBIT_NO_SETUID_FIXUP = 4  # capabilities(7)
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAPABILITY_VERSION_3 = 0x20080522  # capset(2)


class CapabilityHeader(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class CapabilityData(ctypes.Structure):
    _fields_ = [
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    ]


def raise_open_files(wanted: int) -> None:
    """Lift the soft limit as far as the hard one lets us; macOS refuses more than its own maximum."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if most > soft:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        except (ValueError, OSError) as refused:
            print(f"open files stay at {soft}: {refused}", file=sys.stderr)


def check(result: int, what: str) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def become(libc: ctypes.CDLL, uid: int, gid: int, capabilities: list[int]) -> None:
    """Change to an account, keeping the given capabilities through the exec that follows.

    The secure bit does two things: the change of account leaves the capabilities alone, and later access(2), with
    which PostgreSQL looks for its programs, counts them; by default it pretends that a plain account has none.
    """
    if capabilities:
        check(libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0), "set secure bits")
    os.setgroups([gid])
    os.setgid(gid)
    os.setuid(uid)
    if capabilities:
        mask = sum(1 << number for number in capabilities)  # all that we use are below 32
        header = CapabilityHeader(CAPABILITY_VERSION_3, 0)
        data = (CapabilityData * 2)(CapabilityData(mask, mask, mask), CapabilityData(0, 0, 0))
        check(libc.capset(ctypes.byref(header), ctypes.byref(data)), "set capabilities")
        for number in capabilities:
            check(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0), "raise capability")


def main() -> None:
    plan = json.loads(sys.argv[1])
    command = sys.argv[2:]
    raise_open_files(plan["open_files"])
    libc = ctypes.CDLL(None, use_errno=True)
    if plan["uid"] is not None:
        become(libc, plan["uid"], plan["gid"], plan["capabilities"])
    if sys.platform == "linux":
        # After the change of account, which clears it. Elsewhere the next `up` ends what is left.
        check(libc.prctl(PR_SET_PDEATHSIG, plan["death_signal"], 0, 0, 0), "death signal")
        if os.getppid() != plan["parent"]:
            sys.exit("the supervisor went before this child began")
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
