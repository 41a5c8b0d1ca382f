"""Identifiers: UUID version 7 (RFC 9562), so that rows sort by the time they were made.

PostgreSQL has `uuidv7()` from version 18 only, so they are made here. Used by whoever inserts a row,
and by whoever reads an id that came from outside.
"""

import os
import time
from typing import Final
from uuid import UUID

ID_LENGTH: Final = 36  # characters of the one spelling that we accept


def new_id() -> UUID:
    """A fresh version 7 UUID: 48 bits of milliseconds, then 74 random bits."""
    return uuid7(time.time_ns() // 1_000_000, os.urandom(10))


def uuid7(milliseconds: int, random: bytes) -> UUID:
    """The version 7 UUID of a Unix time in milliseconds and ten random bytes (RFC 9562, section 5.7)."""
    noise = int.from_bytes(random, "big")
    value = (milliseconds & (1 << 48) - 1) << 80
    value |= 0x7 << 76 | (noise >> 62 & 0xFFF) << 64
    value |= 0b10 << 62 | (noise & (1 << 62) - 1)
    return UUID(int=value)


def parse_id(text: str) -> UUID:
    """Read an id in its one canonical spelling (36 characters, lower case, hyphens); ValueError otherwise.

    Other spellings of the same number are refused: an id is part of a document's name, and two
    spellings would be two documents.
    """
    if len(text) == ID_LENGTH:
        found = UUID(text)
        if str(found) == text:
            return found
    raise ValueError("an id is a lower-case UUID such as 01980000-0000-7000-8000-000000000000")
