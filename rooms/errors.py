"""Errors of live documents. `gateway/sockets/closing.py` maps them to close codes.

RoomsError
 ├── Malformed   bytes that are not the protocol, or an update that does not apply   4400
 │    ├── Unsound  an update that no Yjs client makes, and that harms some           4400
 │    └── Early    an update that depends on what is not there (yet)
 ├── TooLarge    a named limit on size was passed                                   1009
 ├── Crowded     a named limit on number was passed                                 1013
 └── Unreadable  what is stored of a document cannot be merged                      1011
"""


class RoomsError(Exception):
    """Base: something a client sent, or asked for, cannot be done. `str(error)` is fit for the client."""


class Malformed(RoomsError):
    """The bytes are not what the protocol says. Nothing of them was kept; close the connection."""


class Unsound(Malformed):
    """An update is well formed, but what it says could end whoever merges it (places.py). Nothing of it was merged."""


class Early(Malformed):
    """An update depends on what is not there: it was left out, or comes later. Nothing of it was merged."""


class TooLarge(RoomsError):
    """A size limit was passed. Nothing was kept; close the connection."""


class Crowded(RoomsError):
    """The document or the process has no room for another peer now; come back later."""


class Unreadable(RoomsError):
    """What is stored of this document, or what was kept of it in memory, cannot be merged. Others are not affected."""
