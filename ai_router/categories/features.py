"""What classify.py looks at in a message: words, pairs, beginnings of words, groups of the lexicon, and shape."""

import re
from collections.abc import Iterator
from typing import Final

from ai_router.categories.lexicon import WORDS

HEAD: Final = 60
TAIL: Final = 40
"""Words looked at, at the beginning and the end: what is wanted stands there, and what it is about in between."""
SCANNED: Final = 1_200
"""Characters looked at, half of them from either end."""
STEM: Final = 5
"""Characters of a word that stand for its inflections."""

_WORD: Final = re.compile(r"[a-z][a-z0-9'’.-]*[a-z0-9]|[a-z]|c\+\+|c#|\d+%?|[\u0900-\u0963\u0970-\u097f]+|tl;dr")
_FENCE: Final = re.compile(r"```.*?(?:```|$)", re.DOTALL)
_LENGTHS: Final = ((2, "≤2"), (4, "≤4"), (8, "≤8"), (16, "≤16"), (40, "≤40"))
_MARKS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    (
        "code",
        ("{\n", ";\n", "};", "=>", "()", ");", "==", "!=", "&&", "||", "</", "/>", "def ", "#include", " --", "->"),
    ),
    ("trace", ("Traceback", "Exception", "Error:", "Error ", "at line ", "exit code", "stack trace", "ERR!", "fatal:")),
    ("symbols", ("²", "³", "√", "∫", "π", "≤", "≥", "f(x)", "sin", "cos(", "log(")),
    ("lines", ("\n\n", "\n- ", "\n* ", "\n1", "\n2")),
)
"""Shapes that a piece of text gives away."""
_SHAPES: Final[tuple[tuple[str, re.Pattern[str]], ...]] = (
    ("snake", re.compile(r"[a-z][_(][a-z]|[a-z]{2}[A-Z][a-z]{2}")),
    ("file", re.compile(r"\w\.(?:py|js|ts|tsx|java|cpp|c|h|go|rs|rb|php|html|css|json|ya?ml|sh|sql|csv|lock|toml)\b")),
    ("sql", re.compile(r"\b(?:select|insert|update|delete)\b.{1,200}\b(?:from|into|set)\b", re.IGNORECASE)),
    ("formula", re.compile(r"[a-z]\s?\^\s?\d|\d\s?[-+*/×÷]\s?\d|[a-z]\s?[-+=]\s?\d|\d\s?[-+=]\s?[a-z]\b")),
    ("figures", re.compile(r"\d[^\d]{1,40}\d[^\d]{1,40}\d[^\d]{1,40}\d")),
    ("list", re.compile(r"\d, ?\d+, ?\d|\b[A-Z]\w*, [A-Z]\w* and [A-Z]")),
    ("quote", re.compile(r"[\"“'‘][^\"”]{12}")),
    ("colon", re.compile(r":\s?\S")),
    ("year", re.compile(r"\b20[12]\d\b")),
)
"""Each is linear in the text: there is no repetition that could begin anywhere in another."""

_BEGINNING: Final[tuple[str, ...]] = ("^",)


def features(text: str) -> Iterator[str]:
    """May repeat themselves."""
    if len(text) > SCANNED:
        text = f"{text[: SCANNED // 2]}\n{text[-SCANNED // 2 :]}"
    if "```" in text:
        yield "!fence"
        text = _FENCE.sub(" ", text)
    for name, marks in _MARKS:
        if any(mark in text for mark in marks):
            yield f"!{name}"
    if text.rstrip().endswith("?"):
        yield "!question"
    for name, pattern in _SHAPES:
        if pattern.search(text):
            yield f"!{name}"
    words = _WORD.findall(text.lower())
    yield next((f"!{name}" for limit, name in _LENGTHS if len(words) <= limit), "!long")
    if len(words) > HEAD + TAIL:
        words = words[:HEAD] + words[-TAIL:]
    before, groups_before = "^", _BEGINNING
    for word in words:
        yield word
        if len(word) > STEM:
            yield f"{word[:STEM]}…"
        pair = f"{before} {word}"
        yield pair
        groups = WORDS.get(word, ()) + WORDS.get(pair, ())
        yield from groups
        for group in groups:
            for other in groups_before:
                yield f"{other}+{group}"
        before, groups_before = word, groups or groups_before
