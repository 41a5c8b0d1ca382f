"""Lists over HTTP: keyset pages, the same for every list. Used by the routes and their query structs."""

from typing import Annotated, Final, Generic, TypeVar

from msgspec import Meta, Struct

from schemas.patterns import NO_NUL

PAGE_MAX: Final = 100
"""Items of one page: a screen or two; each costs a row, and some 300 bytes."""

ItemT = TypeVar("ItemT")

Limit = Annotated[int, Meta(ge=1, le=PAGE_MAX)]
Cursor = Annotated[str, Meta(min_length=1, max_length=2_000)]  # a path or a name of 1,024 bytes, in base64
SearchText = Annotated[str, Meta(min_length=1, max_length=200, pattern=NO_NUL)]


class Page(Struct, Generic[ItemT], frozen=True):
    """Some of a list. `next_cursor` brings the following page as `?cursor=…`; null on the last one."""

    items: list[ItemT]
    next_cursor: str | None = None


class PageQuery(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`?limit=&cursor=`: the base of every list's query."""

    limit: Limit = 50
    cursor: Cursor | None = None
