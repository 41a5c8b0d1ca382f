"""Keeps keys out of what providers say: some repeat a key, or whole headers, in their errors. Used by provider.py."""

from dataclasses import replace
from typing import Final

from ai_router.heard import Failed

INSTEAD: Final = "[key]"
SHORTEST: Final = 8
"""Characters at a message's end that count as the beginning of a key: messages are cut to a length."""


def without(body: bytes, key: str) -> bytes:
    """An error's body without the key, before anybody cuts it."""
    return body.replace(key.encode(), INSTEAD.encode()) if key else body


def silent_about(key: str, said: Failed) -> Failed:
    """The same failure, its message without the key, also where the message ends in the middle of it."""
    if not key:
        return said
    message = said.message.replace(key, INSTEAD)
    for length in range(len(key) - 1, SHORTEST - 1, -1):
        if message.endswith(key[:length]):
            message = message[:-length] + INSTEAD
            break
    return replace(said, message=message)
