"""How many tokens a text is at most, without any provider's tokenizer. For fitting histories and reserving budgets.

Weights by script, from counting the same sentences with cl100k, o200k and Anthropic's published tokenizer and taking
the worst: scripts that a tokenizer knows badly cost more than one token a character. English comes out twice too high,
since Hinglish looks alike; that cuts a history a little early, while too low would be refused by the provider.
"""

import math
import re
from collections.abc import Iterable
from typing import Final

from schemas.conversation import Image, Turn

PER_TURN: Final = 8
"""Tokens around each turn: who speaks, separators."""
PER_IMAGE: Final = 2_000
"""Tokens. Anthropic takes up to 1,600, Gemini 258 a tile, OpenAI about 1,100 for what it does not scale down."""

_BYTES: Final[tuple[tuple[bytes, float], ...]] = (
    (b"abcdefghijklmnopqrstuvwxyz \n\t\r", 0.37),
    (b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", 0.8),
    (b"0123456789", 0.5),
    (b"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~\x7f" + bytes([*range(9), 11, 12, *range(14, 32)]), 0.5),
    (bytes(range(0xC2, 0xE0)), 1.0),  # Latin with accents, Greek, Cyrillic, Hebrew, Arabic
    (b"\xe0\xe1", 2.05),  # Indic scripts, Thai, Khmer, Georgian; Devanagari is better known, see below
    (b"\xe2\xef", 1.75),  # symbols and typography
    (bytes(range(0xE3, 0xEA)), 1.1),  # Chinese, Japanese
    (bytes(range(0xEA, 0xEF)), 1.3),  # Korean
    (bytes(range(0xF0, 0xF5)), 3.0),  # emoji
)
"""First bytes of characters in UTF-8, and tokens for each."""
_DEVANAGARI: Final = re.compile("[\u0900-\u097f]+")
_DEVANAGARI_LESS: Final = 2.05 - 1.4


def tokens_in(text: str) -> int:
    """An upper estimate."""
    data = text.encode("utf-8", "replace")
    tokens = sum((len(data) - len(data.translate(None, firsts))) * weight for firsts, weight in _BYTES)
    if b"\xe0" in data:
        tokens -= _DEVANAGARI_LESS * sum(map(len, _DEVANAGARI.findall(text)))
    return math.ceil(tokens - 1e-9)


def tokens_of(turn: Turn) -> int:
    """Of one turn, with its pictures and what surrounds it."""
    images = sum(isinstance(part, Image) for part in turn.parts)
    return PER_TURN + tokens_in(turn.text) + images * PER_IMAGE


def tokens_of_all(turns: Iterable[Turn]) -> int:
    """Of a conversation."""
    return sum(map(tokens_of, turns))
