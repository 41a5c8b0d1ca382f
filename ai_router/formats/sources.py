"""What a model that searches says it found. Whatever a provider claims, readers get web addresses of bounded number and
length, each in its place: `[3]` in the text is the third.
"""

from typing import Any, Final

from ai_router.heard import Sources
from schemas.streams import Source

SOURCES_MAX: Final = 100
"""Ten times as many as are cited today."""
URL_LENGTH: Final = 2_000  # characters; browsers take no more
TITLE_LENGTH: Final = 300  # characters


def sources(citations: Any, results: Any) -> Sources:
    """Of Perplexity: addresses, and results with `url` and `title`; either may be missing, or anything else."""
    listed = [each for each in results if isinstance(each, dict)] if isinstance(results, list) else []
    titles = {_url(each.get("url")): _words(each.get("title")) for each in listed}
    addresses = citations if isinstance(citations, list) and citations else [each.get("url") for each in listed]
    urls = [_url(each) for each in addresses[:SOURCES_MAX]]
    return Sources(tuple(Source(url, titles.get(url, "") if url else "") for url in urls))


def _url(value: Any) -> str:
    is_address = isinstance(value, str) and value.startswith(("https://", "http://")) and len(value) <= URL_LENGTH
    return value if is_address and value.isprintable() and " " not in value else ""


def _words(value: Any) -> str:
    return (
        "".join(each if each.isprintable() else " " for each in value[:TITLE_LENGTH]) if isinstance(value, str) else ""
    )
