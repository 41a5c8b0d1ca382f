"""What `up` tells the person at the terminal: one line per named event. Called by every file beside it."""

import sys


def say(line: str) -> None:
    """Print one line at once. A terminal that has gone away must not end the servers with it."""
    try:
        print(line, flush=True)
    except (BrokenPipeError, OSError):
        sys.stdout = sys.stderr = open("/dev/null", "w")  # noqa: SIM115, PTH123  (for the rest of our life)


def complain(line: str) -> None:
    """Print the one line that says why we end, on stderr."""
    print(f"atrium: {line}", file=sys.stderr, flush=True)
