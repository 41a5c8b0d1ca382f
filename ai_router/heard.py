"""What a provider's stream says, whoever the provider is: what decoders (formats/) make of bytes.

A stream is any number of Delta, Thought, Usage and Sources, then one Finished or Failed. Usage and Sources may come
several times and are never summed: each replaces what was known.
"""

from dataclasses import dataclass
from typing import Literal

from schemas.streams import Source

Reason = Literal["stop", "length", "filter", "tool", "other"]
"""Why a model stopped: done, out of tokens, refused or filtered, wants a tool, unknown."""

Kind = Literal[
    "invalid",  # the request is wrong for this model; another provider may take it
    "too-long",  # more than the model's context
    "authentication",  # the key is wrong, or may not do this
    "payment",  # out of credit or at a spending limit: waiting does not help
    "rate",  # too many requests: try again after `retry_after`
    "not-found",  # no such model here
    "filtered",  # the provider refuses the content
    "overloaded",  # the provider has no room now
    "server",  # the provider broke
    "timeout",  # it did not answer in time
    "network",  # it could not be reached, or broke off
    "malformed",  # what it sent is not its own format
]


@dataclass(frozen=True, slots=True)
class Delta:
    """More of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Thought:
    """More of the reasoning behind it; shown apart, and no part of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens up to now, as the provider counts them; None where it has not said."""

    input: int | None = None
    """All of the input, cached tokens included."""
    output: int | None = None
    """All that is billed as output, reasoning included."""
    reasoning: int = 0
    """Of the output."""
    cached: int = 0
    """Of the input."""
    cost: float | None = None
    """USD, where the provider says what it charges."""


@dataclass(frozen=True, slots=True)
class Sources:
    """All that the answer rests on, up to now."""

    found: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Again:
    """What follows was said before, and is given once more: no provider is asked."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The answer is complete."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Failed:
    """There is no (more) answer."""

    kind: Kind
    message: str
    """The provider's words, without secrets, at most 500 characters."""
    retry_after: float | None = None
    """Seconds."""


Heard = Delta | Thought | Usage | Sources | Again | Finished | Failed

RETRYABLE: frozenset[Kind] = frozenset({"rate", "overloaded", "server", "timeout", "network", "malformed"})
"""Worth another try at the same provider."""
