"""What Atrium says of itself. Used by gateway/about.py."""

from typing import Final

from msgspec import Struct

VERSION: Final = "0.1.0"
"""Of this checkout, as pyproject.toml has it: `./atrium` runs it without installing it as a package."""


class Version(Struct, frozen=True):
    """`GET /version`."""

    version: str
    name: str  # of the gateway that answered
