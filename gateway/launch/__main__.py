"""`python -m gateway.launch up|status`: reads the command line and the environment. Called by `./atrium`."""

import asyncio
import os
import sys

from gateway.launch import arguments, status
from gateway.launch.errors import LaunchError
from gateway.launch.report import complain
from gateway.launch.settings import home_of, settings_from
from gateway.launch.supervisor import up


def main() -> int:
    asked = arguments.parser().parse_args()
    try:
        if asked.command == "status":
            return status.show(home_of(os.environ), as_json=asked.json)
        settings = settings_from(
            os.environ, host=asked.host, port=asked.port, gateways=asked.gateways, workers=asked.workers
        )
        asyncio.run(up(settings))
    except LaunchError as refused:
        complain(str(refused))
        return 1
    except OSError as refused:
        complain(str(refused))  # a directory that we may not write, a disk that is full
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
