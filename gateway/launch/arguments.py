"""The options of `up` and `status`; `./atrium` shows the same. Called by `__main__`."""

import argparse

ENVIRONMENT = """\
environment:
  ATRIUM_HOME        where data, logs and sockets live (default: .atrium beside ./atrium)
  DATABASE_URL       a PostgreSQL 15 or later to use instead of the embedded one
  REDIS_URL          a Redis 6.2, Valkey 7.2 or later to use instead of the embedded one
  ATRIUM_SECRET      signing key, 32 bytes or more (default: made once and kept in ATRIUM_HOME)
  ATRIUM_PUBLIC_URL  how clients reach the gateway (default: http://HOST:PORT)
All others stand in docs/run.md.
"""


def count(most: int) -> "type[int]":
    class Count(int):
        def __new__(cls, text: str) -> "Count":
            value = int(text)
            if not 1 <= value <= most:
                raise argparse.ArgumentTypeError(f"must be 1 to {most}")
            return super().__new__(cls, value)

    Count.__name__ = "number"
    return Count


def parser() -> argparse.ArgumentParser:
    """The command line as argparse sees it."""
    top = argparse.ArgumentParser(prog="./atrium", description="Runs one machine's Atrium.")
    commands = top.add_subparsers(dest="command", required=True, metavar="{up,status}")
    up = commands.add_parser(
        "up",
        help="start everything, and stop it with Ctrl-C",
        description="Starts PostgreSQL, Valkey, the gateways and the workers, keeps them running, and stops them "
        "on Ctrl-C or SIGTERM. Prints `ready URL` when clients can come.",
        epilog=ENVIRONMENT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    up.add_argument("--host", help="address to listen on (default: 127.0.0.1)")
    up.add_argument("--port", type=int, help="port of the first gateway (default: 8000)")
    up.add_argument("--gateways", type=count(64), default=1, help="how many, on PORT, PORT+1, … (default: 1)")
    up.add_argument("--workers", type=count(64), default=1, help="how many (default: 1)")
    status = commands.add_parser(
        "status",
        help="show what runs here",
        description="Shows the processes of the instance in ATRIUM_HOME. Exit code 3 if none runs.",
    )
    status.add_argument("--json", action="store_true", help="for programs")
    return top
