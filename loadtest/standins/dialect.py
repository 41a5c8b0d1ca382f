"""What a provider's format says, as bytes that are ready before they are needed. One file per format beside this."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, Protocol

from loadtest.standins.script import Refused

ASKED: Final = 12
"""Tokens that every question has."""
WAIT_SECONDS: Final = 7
"""That every refusal asks to wait where waiting helps."""
WRONG_KEY: Final = "wrong"
"""A key with this word in it is refused."""
PAGE: Final = 2
"""Models on one page of a list, where the format has pages."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer with an error status."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


class Dialect(Protocol):
    """One provider's format."""

    name: str
    chat_path: str
    """Below `/{name}`; `{model}` in it is the model."""
    list_path: str
    content_type: str
    keep_alive: bytes
    error_inside: bytes
    """That there is no room, in the middle of an answer."""
    refusals: Mapping[Refused, Refusal]

    def opening(self) -> bytes:
        """What comes before the first token."""

    def token(self, text: str) -> bytes:
        """One token."""

    def ending(self, answered: int, body: Any) -> bytes:
        """What comes after the last of so many tokens, to this question."""

    def models(self, names: Sequence[str], query: Mapping[str, str]) -> Any:
        """The list, or the page of it that is asked for."""

    def objection(self, headers: Mapping[str, str], query: Mapping[str, str], body: Any) -> str:
        """What the provider would find wrong with this question; empty: nothing."""

    def refusal(self, message: str) -> Refusal:
        """The answer to a question with something wrong."""

    def __hash__(self) -> int: ...


@lru_cache(maxsize=20_000)
def token(dialect: Dialect, text: str) -> bytes:
    """The bytes of a token: made once, as the stand-ins must cost little beside what is measured."""
    return dialect.token(text)


def compact(content: Any) -> str:
    """JSON as most providers write it."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def event(content: Any, name: str = "") -> bytes:
    """A server-sent event."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {compact(content)}\n\n".encode()


def alternating(messages: Any) -> str:
    """What the strict find wrong with the sides of a conversation."""
    if not isinstance(messages, list) or not messages:
        return "messages: at least one is required"
    sides = [each.get("role") for each in messages]
    expected = ["user", "assistant"] * len(sides)
    if sides != expected[: len(sides)]:
        return "messages: roles must alternate between user and assistant, starting with user"
    return ""


def page_after(names: Sequence[str], last: str) -> tuple[Sequence[str], bool]:
    """The names behind this one, and whether more follow."""
    start = names.index(last) + 1 if last in names else 0
    return names[start : start + PAGE], start + PAGE < len(names)
