"""CPU seconds and memory of server processes, their children included. Used by measure/*."""

import os
import resource
from collections.abc import Mapping
from pathlib import Path

import psutil


def cpu(processes: Mapping[str, int]) -> dict[str, float]:
    """CPU seconds (user and system) that each process and its living children have used so far."""
    return {name: sum(_cpu(process) for process in _family(pid)) for name, pid in processes.items()}


def own_cpu() -> float:
    return _cpu(psutil.Process())


def machine_cpu() -> float:
    """CPU seconds that all programs of this machine have used so far."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0))


def memory(processes: Mapping[str, int]) -> dict[str, int]:
    """Resident bytes (RSS) of each process and its children.

    Only growth is looked at, so pages of libraries, which RSS counts for every process, cancel out. PSS would not do:
    it falls whenever a stranger starts a Python.
    """
    return {name: sum(_memory(process) for process in _family(pid)) for name, pid in processes.items()}


def since(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    return {name: after[name] - before.get(name, 0.0) for name in after}


def allow_open_files(count: int) -> int:
    """Raises this process' limit of open files, and so that of the servers it starts. Returns the limit it got."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return soft


def machine() -> dict[str, str]:
    """What a reader of the results must know about the machine."""
    model = ""
    described = Path("/proc/cpuinfo")
    if described.exists():
        lines = described.read_text().splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")
    system = os.uname()
    return {
        "processor": model or system.machine,
        "cores": str(os.cpu_count()),
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": f"{system.sysname} {'.'.join(system.release.split('.')[:2])}",
    }


def _family(pid: int) -> list[psutil.Process]:
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _cpu(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return max(float(times.user + times.system), _run_time(process.pid))


def _run_time(pid: int) -> float:
    """CPU seconds of the threads that live, to the nanosecond; 0 where the system does not tell (Linux does).

    The usual clock counts in steps of 10 ms, 5 % of what some measurements cost; but it has threads that ended.
    """
    total = 0
    try:
        for task in os.scandir(f"/proc/{pid}/task"):
            total += int((Path(task.path) / "schedstat").read_text().split()[0])
    except OSError:
        return 0.0
    return total / 1e9


def _memory(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
