"""Limits of archives, with their units, reasons and answers."""

from typing import Final

ARCHIVE_BYTES: Final = 200 << 20
"""Of an archive that is imported, packed. Answer: 413."""
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
