"""Stand-ins for all providers in one process:

    .venv/bin/python -m loadtest.standins --port 9000

prints the variables that let an Atrium find them. script.py says which models there are and what each does.
"""

import argparse
import asyncio
import signal

import uvloop

from loadtest.standins.server import DIALECTS, Standins

_VARIABLES = {"ollama": ("OLLAMA_API_URL", "")}


async def serve(port: int) -> None:
    """Until SIGINT or SIGTERM."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with Standins(port) as standins:
        for name in DIALECTS:
            url, key = _VARIABLES.get(name, (f"{name.upper()}_BASE_URL", f"{name.upper()}_API_KEY"))
            print(f"{url}={standins.base_url(name)}" + (f" {key}=standin" if key else ""))
        print(f"ready on {standins.url}", flush=True)
        await stopped.wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="loadtest.standins", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    chosen = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(chosen.port))


if __name__ == "__main__":
    main()
