"""Limits of the shared stores, with their units and reasons."""

ANNOUNCED_MAX = 64 << 10
"""Bytes of a commit that travel with its announcement; larger ones are read from the log, since Redis drops
subscribers whose output buffer passes 8 MB for a minute."""
READ_PAGE = 200
"""Log entries per call when reading on: at most some 13 MB, typically some 10 kB."""
COMMANDS_POOL = 16
"""Connections for commands of one process; more callers wait."""
POOL_TIMEOUT = 5.0
"""Seconds that a caller waits for a connection."""
COMMAND_TIMEOUT = 10.0
"""Seconds until a command is given up; a commit of 32 MB takes less than one."""
CONNECT_TIMEOUT = 3.0
"""Seconds for a new connection."""
GATEWAY_TTL = 6
"""Seconds after its last sign of life that a gateway counts as gone."""
HEARTBEAT = 2.0
"""Seconds between a gateway's signs of life."""
PARK_AFTER = 600
"""Seconds without a record or an opener after which a log leaves Redis; longer than any opening takes."""
RELOADS_MAX = 5
"""Times that an opener starts over because snapshots overtook it."""
