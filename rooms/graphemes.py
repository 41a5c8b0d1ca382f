"""Where a text may be cut without tearing what a reader sees as one character. Used by text_diff.py.

A simplification of Unicode's rules (UAX 29, extended grapheme clusters) that never cuts where they do not, but for
Indic conjuncts and prepended marks: CR LF, combining marks, emoji with modifiers, joiners and tags, flags, Hangul.
"""

import unicodedata
from functools import lru_cache
from typing import Final

CLUSTER_MAX: Final = 64
"""Code points; longer ones ("zalgo") may be cut."""
_JOINER: Final = "\u200d"


def is_break(text: str, at: int) -> bool:
    """Whether the text may be cut before the code point at `at`."""
    if at <= 0 or at >= len(text):
        return True
    left, right = text[at - 1], text[at]
    if left < "\x80" and right < "\x80":
        return not (left == "\r" and right == "\n")
    if left < " " or left in "\x7f\x85\u2028\u2029":
        return True
    if _extends(right) or left == _JOINER:
        return False
    if _is_flag_letter(left) and _is_flag_letter(right):
        before = at - 1
        while before > 0 and at - before < CLUSTER_MAX and _is_flag_letter(text[before - 1]):
            before -= 1
        return (at - before) % 2 == 0
    return not _is_one_syllable(left, right)


def clusters(text: str) -> list[str]:
    """The text in pieces that belong together, none longer than CLUSTER_MAX."""
    if text.isascii() and "\r\n" not in text:
        return list(text)
    pieces, start = [], 0
    for at in range(1, len(text) + 1):
        if is_break(text, at) or at - start >= CLUSTER_MAX:
            pieces.append(text[start:at])
            start = at
    return pieces


@lru_cache(4096)
def _extends(char: str) -> bool:
    if char < "\u0300":
        return False
    return (
        char in "\u200c\u200d"
        or "\U0001f3fb" <= char <= "\U0001f3ff"
        or "\U000e0020" <= char <= "\U000e007f"
        or unicodedata.category(char) in ("Mn", "Me", "Mc")
    )


def _is_flag_letter(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _is_one_syllable(left: str, right: str) -> bool:
    if not ("\u1100" <= left <= "\ud7fb" and "\u1100" <= right <= "\ud7fb"):
        return False
    before, after = _hangul(left), _hangul(right)
    return (
        (before == "L" and after in ("L", "V", "LV", "LVT"))
        or (before in ("LV", "V") and after in ("V", "T"))
        or (before in ("LVT", "T") and after == "T")
    )


def _hangul(char: str) -> str:
    code = ord(char)
    if 0x1100 <= code <= 0x115F or 0xA960 <= code <= 0xA97C:
        return "L"
    if 0x1160 <= code <= 0x11A7 or 0xD7B0 <= code <= 0xD7C6:
        return "V"
    if 0x11A8 <= code <= 0x11FF or 0xD7CB <= code <= 0xD7FB:
        return "T"
    if 0xAC00 <= code <= 0xD7A3:
        return "LV" if (code - 0xAC00) % 28 == 0 else "LVT"
    return ""
