"""Passwords that are tried first: common words with the usual endings, walks over the keyboard, dates, one's own name.

Pure. There are no rules of composition: what is refused is what guessing programs try before anything else. Some words
and rules say it instead of a list of thousands of lines; ATRIUM_BLOCKED_PASSWORDS names a file with further ones, such
as a list of breached passwords.
"""

import re
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Final

PASSWORD_MIN: Final = 8
PASSWORD_MAX: Final = 128
"""Characters. Longer ones add nothing, and are a way to keep a processor busy."""
ENDING: Final = 5
"""Characters before and after a word that do not make it a good password: `dragon2024!`."""

WORDS_WITHIN: Final = 40
"""Characters up to which words are looked for: twice the longest word, and its endings."""

_WORDS: Final = frozenset((Path(__file__).parent / "common_words.txt").read_text().split())
_LEET: Final = str.maketrans("@401!35$7+8", "aaoiiessttb")
_LEET_L: Final = str.maketrans("@401!35$7+8", "aaolless" + "ttb")
_ROWS: Final = (
    "01234567890", "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./", "qwertzuiop", "azertyuiop",
    "!@#$%^&*()", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/", "1q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0",
    "qazwsxedcrfvtgbyhnujm", "qweasdzxc", "147258369", "741852963", "159357", "a1b2c3d4e5f6g7h8", "112233445566778899",
)  # fmt: skip
_WALKS: Final = tuple(row for forward in _ROWS for row in (forward, forward[::-1]))
_DATES: Final = ("(?P<y>\\d{4})(?P<m>\\d\\d)(?P<d>\\d\\d)", "(?P<d>\\d\\d)(?P<m>\\d\\d)(?P<y>\\d{4})",
                 "(?P<m>\\d\\d)(?P<d>\\d\\d)(?P<y>\\d{4})")  # fmt: skip


def objection(password: str, about: Iterable[str] = (), blocked: frozenset[str] = frozenset()) -> str | None:
    """Why not this password, or None. `about`: what is known of the account; `blocked`: in lower case."""
    if len(password) < PASSWORD_MIN:
        return f"has fewer than {PASSWORD_MIN} characters"
    if len(password) > PASSWORD_MAX:
        return f"has more than {PASSWORD_MAX} characters"
    if any("\ud800" <= letter <= "\udfff" for letter in password):
        return "is not valid Unicode"
    plain = password.lower()
    own = {word for text in about for word in _own_words(text)} | {"atrium"}
    if any(_is_word_with_ending(plain, own, leet) for leet in (_LEET, _LEET_L)):
        return "is your name or your address, or Atrium's name, with little added"
    if plain in blocked or _is_common(plain):
        return "is among the first that are tried; take another, such as a few words that you make up"
    return None


def _is_common(plain: str) -> bool:
    return (
        _is_repetition(plain)
        or _is_walk(plain)
        or _is_date(plain)
        or any(_is_word_with_ending(plain, _WORDS, leet) for leet in (_LEET, _LEET_L))
    )


def _own_words(text: str) -> list[str]:
    return [word for word in re.split(r"[\W_]+", text.lower()) if len(word) >= 3] + [text.lower()]


def _is_word_with_ending(plain: str, words: Iterable[str], leet: dict[int, int]) -> bool:
    """Whether it is one of the words, or two, between at most ENDING other characters."""
    if len(plain) > WORDS_WITHIN:
        return False
    known = frozenset(words)
    letters = plain.translate(leet)
    for text in {plain, letters}:
        for start in range(min(ENDING, len(text)) + 1):
            for end in range(len(text), max(start, len(text) - ENDING) - 1, -1):
                around = plain[:start] + plain[end:]
                if len(around) > ENDING or any(letter.isalpha() for letter in around):
                    continue
                middle = text[start:end]
                if middle in known or any(
                    middle[:at] in known and middle[at:] in known for at in range(1, len(middle))
                ):
                    return True
    return False


def _is_repetition(plain: str) -> bool:
    """`aaaaaaaa`, `abcabcabc`, `passpass`."""
    return any(plain == (plain[:size] * len(plain))[: len(plain)] for size in range(1, min(4, len(plain) // 2) + 1))


def _is_walk(plain: str) -> bool:
    """Nothing but runs of three and more neighbours: `qwerty123456`, `1q2w3e4r`, `98765432`."""
    at = 0
    while at < len(plain):
        run = _run_at(plain, at)
        if run < 3:
            return False
        at += run
    return True


def _run_at(plain: str, at: int) -> int:
    same = 1
    while at + same < len(plain) and plain[at + same] == plain[at]:
        same += 1
    best = same
    for walk in _WALKS:
        length = best + 1
        while at + length <= len(plain) and plain[at : at + length] in walk:
            best = length
            length += 1
    return best


def _is_date(plain: str) -> bool:
    digits = re.sub(r"[-./ ]", "", plain)
    for form in _DATES:
        if (found := re.fullmatch(form, digits)) is not None:
            try:
                year = date(int(found["y"]), int(found["m"]), int(found["d"])).year
            except ValueError:
                continue
            return 1900 <= year <= 2100
    return False
