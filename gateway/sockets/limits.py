"""Limits of connections, with their units, reasons and answers. Those of documents stand in rooms/limits.py."""

FRAME_MAX = 33 << 20
"""Bytes of one message: the largest update (rooms/limits.py) and what surrounds it. Answer: close 1009."""
GATHERED_MAX = 128 << 20
"""Bytes of messages that are not complete, or wait for a token, of all connections of a process: four of the largest.
Answer: close 1013 for the connection that has gathered for longest."""
GATHERED_LEAST = 16 << 10
"""Bytes of one connection that count among them: those of most messages never do, and cost nothing."""
AT_WORK_MAX = 128 << 20
"""Bytes of large updates that are being merged, or wait for their turn, in a process. Answer: close 1013."""
WRITE_HIGH = 256 << 10
"""Bytes that wait in one socket before its peer counts as slow and is sent one diff later."""
REPLIES_MAX = 1 << 20
"""Bytes of answers that may not be left out, asked for while the socket is full. Answer: close 1008."""
CONNECTIONS_PER_ADDRESS = 8_192
"""From one client address, of all dialects: a school behind one router, not a flood. Answer: close 4429, or 429."""
FRAMES_PER_SECOND = 2_000
"""Of one connection, over time. Answer: it is not read until it is within its budget; nothing is lost."""
FRAMES_BURST = 8_000
"""Frames at once, for clients that come back with much to say."""

BEFORE_AUTH_FRAMES = 1_000
"""Frames of one Hocuspocus connection that wait for a token. Answer: close 4429."""
BEFORE_AUTH_BYTES = 5 << 20
"""Their bytes. Answer: close 1009."""
DOCUMENTS_PER_SOCKET = 500
"""Of one Hocuspocus connection. Answer: permission denied for this document."""
AUTH_SECONDS = 60.0
"""A Hocuspocus connection without any open document. Answer: close 4408."""
TOKEN_GRACE = 60.0
"""Seconds after a token ended and a new one was asked for. Answer: the document is closed for this connection."""

TICK = 15.0
"""Seconds between signs of life to a client; stock clients give up after 30 s without a message."""
SILENCE_MAX = 120.0
"""Seconds without any byte from a client, pongs included, until its connection is cut."""
ECHO = 1.0
"""Seconds after which a y-websocket client gets its own durable edits back, merged."""
WHEEL_STEP = 0.05
"""Seconds between two looks at who is due: 400 echoes in one go would hold up everybody else for 4 ms."""
CLOSE_SECONDS = 2.0
"""Seconds for the client to answer a close frame."""

DRAIN_SPREAD = 3.0
"""Seconds over which a stopping gateway sends its clients away, so that they do not all return at once."""
DRAIN_COMMIT = 4.0
"""Seconds that it then waits for its last edits to be durable."""
FAREWELL = 0.5
"""Seconds that Redis gets to hear that a gateway stops, and again that nobody is in it. It would notice by itself."""
DRAIN_LOOK = 0.05
"""Seconds between two looks whether all of them have answered; they have CLOSE_SECONDS for that."""
HEARTBEAT = 2.0
"""Seconds between a gateway's signs of life in the registry."""

HERE_TICK = 0.25
"""Seconds between two tellings of who came and went, one for all projects of a gateway."""
HERE_RENEW = 2
"""Ticks between two signs of life where nothing changed: 0.5 s; two of three may be late before 1.5 s are over."""
HERE_SHOWN = 4
"""Ticks between two tellings of what people show of themselves: cursors move many times a second."""
HERE_SEATS = 1_000
"""Connections of one gateway in one project that are told one by one: 100 kB; more are only counted."""
HERE_STATE_BYTES = 2_048
"""A shown state that is told: a name, a colour, a cursor; larger ones are seen in the document only."""
