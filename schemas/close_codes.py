"""WebSocket close codes that Atrium sends. Used by everything that ends a socket, and by clients in tests.

44xx means: do not come back with the same token. 1012 and 1013 mean: do come back.
"""

from enum import IntEnum


class CloseCode(IntEnum):
    """RFC 6455's codes that we use, ours (44xx), and those of Hocuspocus (4205, 4401, 4403, 4408)."""

    NORMAL = 1000
    GOING_AWAY = 1001  # this process drains
    UNSUPPORTED = 1003  # a text frame where only binary ones are spoken
    POLICY = 1008
    TOO_BIG = 1009
    INTERNAL = 1011
    RESTART = 1012  # come back at once
    OVERLOAD = 1013  # come back later
    RESET = 4205  # Hocuspocus: the document's connection was reset
    MALFORMED = 4400
    UNAUTHENTICATED = 4401  # token missing, forged or expired
    FORBIDDEN = 4403
    NOT_FOUND = 4404  # no such project or document
    AUTH_TIMEOUT = 4408  # did not authenticate in time
    RATE_LIMITED = 4429
