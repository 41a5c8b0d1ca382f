"""Cursors of keyset pages: where a list goes on, opaque to clients. Used by the routes that list.

A cursor holds the sort key and id of the last item shown, so that a page costs the same wherever it is, and nothing is
shown twice when others insert meanwhile.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from gateway.refusals import Invalid
from schemas.pages import Page

KeyT = TypeVar("KeyT")
RowT = TypeVar("RowT")
ItemT = TypeVar("ItemT")


def encode_cursor(key: object) -> str:
    """A tuple of sort values as URL-safe text."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).rstrip(b"=").decode()


def decode_cursor(text: str | None, kind: type[KeyT], pointer: str = "?cursor") -> KeyT | None:
    """The inverse; None where there is no cursor. Raises Invalid for one that is not from this list."""
    if text is None:
        return None
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(raw, type=kind)
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        raise Invalid.field(pointer, "not a cursor of this list; begin again without it") from None


def page(rows: Sequence[RowT], limit: int, item: Callable[[RowT], ItemT], key: Callable[[RowT], object]) -> Page[ItemT]:
    """A page of the rows of a query that asked for `limit + 1`: the one more says that there is a next page."""
    shown = rows[:limit]
    more = len(rows) > limit
    return Page([item(row) for row in shown], encode_cursor(key(shown[-1])) if more else None)
