"""Patterns of texts in bodies, queries and cursors. Used by the structs beside, and by routes that read cursors."""

from typing import Annotated, Final

from msgspec import Meta

END: Final = r"$(?!\n)"
"""Where a pattern ends: in Python `$` is also before a line's end."""
NO_NUL: Final = r"^[^\x00]*$"
"""PostgreSQL cannot keep a NUL, nor compare with one."""
PRINTABLE: Final = r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*" + END
"""No control characters, and not only spaces."""

KeyText = Annotated[str, Meta(pattern=NO_NUL)]
"""A text in a cursor: of some column, so it is as long as it is there, and a cursor has its own longest."""
