"""The beat in which tokens are read and written on: all answers of a process together, 25 times a second.

    beat ──► provider.py reads what came since ──► pen.py ──a moment later──► one append for all

Reading, parsing and writing a token by itself costs several times what it costs among others, here, in Redis and for
every reader, and 25 steps a second look like one movement, as in films. What begins or ends an answer waits for none.
"""

import asyncio
from typing import Final

BEAT_SECONDS: Final = 0.04
"""Tokens come every 5 to 20 ms."""
WRITE_SECONDS: Final = 0.005
"""Behind the beat: what was read with it has been parsed then."""


def next_beat(behind: float = 0.0) -> float:
    """The next one, or a moment behind it, by the clock of the loop."""
    now = asyncio.get_running_loop().time() - behind
    return now - now % BEAT_SECONDS + BEAT_SECONDS + behind
