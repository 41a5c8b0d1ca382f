"""What every format can do. Implemented by the files beside this one; called by ai_router's users (workers/ai).

Ask ──Format.ask──► Sending ──transport──► bytes ──Decoder──► Heard …
                                      └─ status ≥ 400 ──Format.refusal──► Failed
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ai_router.heard import Failed, Heard
from schemas.conversation import Turn


@dataclass(frozen=True, slots=True)
class Ask:
    """One question to one model."""

    model: str
    """As its provider calls it."""
    turns: Sequence[Turn]
    max_tokens: int | None = None
    """Of the answer; None: as many as the provider likes."""
    temperature: float | None = None
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sending:
    """One HTTP request, whole. Its headers hold the key, so they stay out of its repr."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Listed:
    """A model as its provider lists it; what it does not say is None."""

    name: str
    display_name: str = ""
    context: int | None = None
    """Tokens."""
    max_output: int | None = None
    input_price: float | None = None
    """USD per million tokens."""
    output_price: float | None = None
    abilities: frozenset[str] = frozenset()
    """Such as `image`, `tools`, `reasoning`."""


class Decoder(Protocol):
    """One answer's bytes, in pieces that may be cut anywhere."""

    def feed(self, data: bytes) -> list[Heard]:
        """What these bytes complete. Nothing is said after Finished or Failed."""

    def end(self) -> list[Heard]:
        """The connection ended properly: what is left, then Finished, or Failed("network") where it broke off."""


class Format(Protocol):
    """A provider's dialect. Keys may be empty (Ollama)."""

    def ask(self, base_url: str, key: str, ask: Ask) -> Sending: ...

    def decoder(self) -> Decoder: ...

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> Failed:
        """What an answer with an error status says. Header names are in lower case."""

    def list_models(self, base_url: str, key: str, page: str) -> Sending:
        """`page`: empty for the first, then what `read_models` said."""

    def read_models(self, body: bytes) -> tuple[list[Listed], str]:
        """Chat models of one page, and the next page's name or empty. Raises ValueError."""
