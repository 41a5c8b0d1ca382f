"""What Perplexity says it found (ai_router/formats/sources.py)."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_router.formats.openai import OpenAI
from ai_router.formats.sources import SOURCES_MAX, TITLE_LENGTH, URL_LENGTH, sources
from ai_router.heard import Delta, Finished, Sources
from schemas.streams import Source
from tests.ai.answers import chunk, hear, sse

ONE, TWO = "https://one.example/?a=1", "http://two.example"


def more(**fields: Any) -> str:
    """Further members of a chunk."""
    return "," + msgspec.json.encode(fields).decode()[1:-1]


def test_each_change_is_heard_once() -> None:
    """They come with every chunk; a reader hears them when there are others, as a whole."""
    said = [
        chunk('{"content":"a"}', more=more(citations=[ONE])),
        chunk('{"content":"b"}', more=more(citations=[ONE])),
        chunk('{"content":"c"}', more=more(citations=[])),
        chunk('{"content":"d"}', '"stop"', more(citations=[ONE, TWO])),
    ]
    assert hear(OpenAI().decoder(), [sse(*said, "[DONE]")]) == [
        *(Sources((Source(ONE),)), Delta("a"), Delta("b"), Delta("c")),
        *(Sources((Source(ONE), Source(TWO))), Delta("d"), Finished("stop")),
    ]


@pytest.mark.parametrize(
    ("citations", "results", "found"),
    [
        ([ONE, TWO], [{"url": TWO, "title": "Two"}], [(ONE, ""), (TWO, "Two")]),
        (None, [{"url": ONE, "title": "One"}, {"url": TWO}], [(ONE, "One"), (TWO, "")]),
        ([ONE, "javascript:alert(1)", TWO], None, [(ONE, ""), ("", ""), (TWO, "")]),
        ([7, None, {"url": ONE}, ONE], "?", [("", ""), ("", ""), ("", ""), (ONE, "")]),
        ([ONE + "x" * URL_LENGTH], [{"url": ONE, "title": "t" * 999}], [("", "")]),
        ([ONE], [{"url": ONE, "title": "a\0b\n" + "t" * 999}], [(ONE, "a b " + "t" * (TITLE_LENGTH - 4))]),
        ([f"{ONE}\0", f"{ONE} x"], None, [("", ""), ("", "")]),
        ("https://one.example", {"url": ONE}, []),
    ],
)
def test_places_are_kept(citations: Any, results: Any, found: list[tuple[str, str]]) -> None:
    """Whatever is no address of the web leaves its place empty, since the text counts on places."""
    assert sources(citations, results) == Sources(tuple(Source(url, title) for url, title in found))


def test_so_many() -> None:
    """Not more than anybody looks at."""
    assert len(sources([ONE] * 999, None).found) == SOURCES_MAX


anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=9) | st.just(ONE),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["url", "title"]), inner, max_size=2),
    max_leaves=12,
)


@given(anything, anything)
def test_anything_else_is_nothing(citations: Any, results: Any) -> None:
    """Whatever a provider sends, addresses come out of it, or nothing."""
    for source in sources(citations, results).found:
        assert source.url == "" or source.url.startswith(("http://", "https://"))
        assert "\0" not in source.title
