"""What is said to a model, whoever the provider is. Chats store it, ai_router turns it into a provider's format."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.patterns import END, NO_NUL

Speaker = Literal["system", "user", "assistant"]


class Text(Struct, frozen=True, forbid_unknown_fields=True, tag="text", tag_field="type"):
    """Words."""

    text: Annotated[str, Meta(pattern=NO_NUL)]


class Image(Struct, frozen=True, forbid_unknown_fields=True, tag="image", tag_field="type"):
    """A picture by value."""

    media_type: Annotated[str, Meta(pattern=r"^image/(png|jpeg|gif|webp)" + END)]
    data: bytes
    """In JSON: base64."""


Part = Text | Image


class Turn(Struct, frozen=True, forbid_unknown_fields=True):
    """What one side said before the other spoke again."""

    speaker: Speaker
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """Its words."""
        return "".join(part.text for part in self.parts if isinstance(part, Text))


def said(speaker: Speaker, text: str) -> Turn:
    """A turn of words alone."""
    return Turn(speaker, (Text(text),))
