"""The words by which a project is found: the same rule for what is written and for what is asked.

A word is a run of letters, digits and underscores, without case and in Unicode's compatibility form, so that `Ａtrium`,
ATRIUM and atrium are one; every word also counts for its beginnings. Done here rather than by PostgreSQL's parser,
which reads `main.py` as a host name and folds case by the database's locale. Called by projects.py, project_lists.py.
"""

import re
import unicodedata
from typing import Final

WORD_LENGTH: Final = 64  # characters of a word that count: the longest of any language, and identifiers
WORDS_MAX: Final = 1_000  # different ones of one project: all of a description of 5,000 characters
ASKED_MAX: Final = 8  # of one question: each is a scan of the index

_WORD: Final = re.compile(r"\w+")


def search_words(*texts: str) -> list[str]:
    """The different words of some texts, in order."""
    found: dict[str, None] = {}
    for text in texts:
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
        for word in _WORD.findall(folded):
            found[word[:WORD_LENGTH]] = None
    return list(found)[:WORDS_MAX]


def search_query(text: str, *marks: str) -> str:
    """A tsquery: all words, each as a beginning, and all marks, which are whole; empty where there are none."""
    parts = [_quoted(mark) for mark in marks]
    parts += [_quoted(word) + ":*" for word in search_words(text)[:ASKED_MAX]]
    return " & ".join(parts)


def _quoted(lexeme: str) -> str:
    # PostgreSQL's documentation, 8.11.2: quotes and backslashes are doubled inside of quotes.
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"
