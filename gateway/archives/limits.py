"""Limits of archives, with their units, reasons and answers."""

from typing import Final

from gateway.turns import Bound

ARCHIVE_BYTES: Final = 200 << 20
"""Of an archive that is imported, packed. Answer: 413."""
IMPORTS: Final = Bound("archives being sent here", by_user=2, by_address=8, at_once=256)
"""Each has a file and at most 256 kB in memory; spool.py bounds what they have on the disk. Answer: 429, 503."""
READERS: Final = 2
"""Archives that are looked at and taken at once: each keeps a core busy. Others wait."""
READER_WAIT_SECONDS: Final = 120.0
"""For such a turn: a large archive takes half a minute. Answer: 503."""
EXPORTS: Final = Bound("archives being sent", by_user=4, by_address=4, at_once=64)
"""Each has a table of contents and a piece in memory, up to 4 MB, while it waits for its reader. Answer: 429, 503."""
EXPORT_SECONDS: Final = 3600.0
"""For a whole archive: 1 GB at 2 Mbit/s. Then it is broken off."""
ENTRIES: Final = 10_000
"""Files of one archive: a large repository. Answer: 422."""
TABLE_BYTES: Final = 4 << 20
"""Of its table of contents, which is read whole: 10,000 entries of 400 bytes; at worst 90,000 short ones, which take
60 MB of memory. Answer: 422."""
UNPACKED_BYTES: Final = 512 << 20
"""Of all its files together. Answer: 422."""
RATIO: Final = 200
"""How many times larger unpacked than packed: text is 3 to 20 times, a bomb a thousand. Answer: 422."""
RATIO_FREE_BYTES: Final = 10 << 20
"""Unpacked bytes for which nobody asks about the ratio."""
PIECE_BYTES: Final = 256 << 10
"""Read or packed in one go, in a thread."""
FILES_AT_ONCE: Final = 200
"""Files that are made by one statement, while they have no more than TEXT_AT_ONCE."""
TEXT_AT_ONCE: Final = 4 << 20
"""Bytes of text that are made by one statement."""
PAGE: Final = 200
"""Files of one page while a project is written."""
