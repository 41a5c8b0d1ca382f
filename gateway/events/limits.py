"""Limits of `GET /events`, with their units, reasons and answers. Those of every socket stand in sockets/limits.py."""

from typing import Final

MESSAGE_BYTES: Final = 16 << 10
"""Of one message from a client: `auth` with the longest token takes 4 kB. Answer: close 1009."""
TOPICS_PER_SOCKET: Final = 200
"""A dashboard of many projects; each costs some 500 bytes. Answer: the error `too-many`."""
MESSAGES_BURST: Final = 2 * TOPICS_PER_SOCKET + 100
"""At once: a client that comes back subscribes to all its topics. Answer: close 4429."""
MESSAGES_PER_SECOND: Final = 20
"""Over time; people click. Answer: close 4429."""
AUTH_SECONDS: Final = 10.0
"""From connecting to a good token. Answer: close 4408."""
TOKEN_GRACE: Final = 60.0
"""Seconds after the token has ended in which a new one may be sent. Answer: close 4401."""
UNFOLLOW_SECONDS: Final = 5.0
"""Between two looks for topics that nobody follows any more: a page that reloads comes back sooner."""
LOOK_BEHIND_SECONDS: Final = 15.0
"""Between two looks whether announcements were missed without any error; one MGET for each NUMBERS_PAGE topics."""
NUMBERS_PAGE: Final = 500
"""Topics whose last numbers are asked for in one command: some 0.3 ms of Redis."""
CATCH_UP_AT_ONCE: Final = 64
"""Subscriptions that read what they missed at the same time; the others wait, and lose nothing."""
