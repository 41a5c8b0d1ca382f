"""The gateway's live texts as the routes use them: found through the application, errors as refusals.

Used by routes/content.py, versions.py, blame.py, and by whoever changes many files at once (archives, duplicates).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from aiohttp import web

from gateway.parts import TEXTS
from gateway.refusals import Conflict, Stale
from rooms.errors import TooLarge, Unreadable
from rooms.limits import DOCUMENT_MAX
from rooms.shared_types import CannotRestore
from rooms.text import NotText
from rooms.texts import Gone, Texts
from store.errors import StoreUnavailable

ETAG: Final = "n-"
"""Stands before the number of a record in the ETag of a text."""


@contextmanager
def live_texts(app: web.Application) -> Iterator[Texts]:
    """The live texts; what they refuse becomes a problem."""
    texts = app.get(TEXTS)
    if texts is None:
        raise StoreUnavailable("the live side", "this process serves none")
    try:
        yield texts
    except NotText as error:
        raise Conflict(str(error)) from None
    except Unreadable as error:
        raise Conflict(f"{error}; its earlier versions can still be read") from None
    except CannotRestore as error:
        raise Conflict(f"this version cannot be restored: {error}") from None
    except Gone as error:
        raise Stale(str(error)) from None
    except TooLarge:
        raise web.HTTPRequestEntityTooLarge(DOCUMENT_MAX, DOCUMENT_MAX + 1) from None
    except TimeoutError:
        raise StoreUnavailable("the document", "it could not be opened in time") from None


def etag_of(number: int) -> str:
    """The ETag, without quotes, of a text as of this record."""
    return f"{ETAG}{number}"


def number_in(etag: str | None) -> int | None:
    """The record that an ETag names; None where there is no ETag. Raises Stale for what is none of ours."""
    if etag is None:
        return None
    digits = etag.removeprefix(ETAG)
    if digits == etag or not (digits.isascii() and digits.isdecimal() and len(digits) <= 16):
        raise Stale(f'If-Match takes the ETag of a text, such as "{ETAG}7"; read the text for it')
    return int(digits)
