"""Limits of `/socket.io/`, with their units, reasons and answers."""

from typing import Final

MESSAGE_BYTES: Final = 512 << 10
"""Of one message from a client: the longest that may be said in a chat. Answer: the connection is closed."""
AUTH_SECONDS: Final = 10.0
"""From connecting to a good token. Answer: the connection is closed."""
CHATS_PER_SOCKET: Final = 100
"""Joined at the same time. Answer: an error."""
WAITING_MAX: Final = 256 << 10
"""Bytes of one client that wait to be written; then it reads on in the log."""
PACKETS_MAX: Final = 64
"""Packets of one client that python-socketio holds for its socket; more wait here, where they are bounded."""
REPLIES_MAX: Final = 1_000
"""Packets, twice a burst's answers, that wait for one who goes on asking. Answer: the connection is closed."""
DRAIN_LOOK_SECONDS: Final = 0.05
"""Between two looks whether it has written some: it tells nobody."""
TICK_SECONDS: Final = 1.0
"""Between two looks at who is unknown for too long, or has a token that ended."""
