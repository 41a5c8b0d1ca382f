"""Room for recursion in pycrdt, which deletes nested types by recursion: one level of them a call.

Types nested 200,000 deep are 1.4 MB of updates; deleting the outermost overflows a stack of 8 MB and ends the process.
The limit of a main thread's stack counts when it grows, so a process can raise its own; that of other threads counts
when they begin. Called by gateways and workers when they begin, before the first document and the first thread.
"""

import resource
import threading

THREAD_STACK = 128 << 20
"""Bytes of address space, of which only what is used becomes memory; 250 for each level."""


def deepen() -> None:
    """Let this process' stack grow as far as it may, and those of its threads nearly so."""
    _, hard = resource.getrlimit(resource.RLIMIT_STACK)
    resource.setrlimit(resource.RLIMIT_STACK, (hard, hard))
    threading.stack_size(THREAD_STACK)
