"""What to do when a model failed: the only place that decides it. The worker keeps the Attempt and does what is said.

    asked ──Failed──► after(…) ──► Retry (wait, ask the same) | Next (ask another) | GiveUp

Nothing is ever asked again once a token was shown: the reader would see two answers in one.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from ai_router.choice import Candidate
from ai_router.heard import RETRYABLE, Failed, Kind

ATTEMPTS_MAX: Final = 6
"""For one answer, over all candidates."""
TRIES: Final = 2
"""At a candidate behind which there are others."""
TRIES_LAST: Final = 3
SECONDS_MAX: Final = 150.0
"""From the first attempt on: who has waited so long for a first token does not wait longer."""
BACKOFF: Final = 0.5
"""Seconds before the second try; doubled before the third."""
JITTER: Final = 0.25
"""Of the wait that is left out at random, so that many do not come back at once."""
WAIT_MAX: Final = 20.0
"""Seconds that a provider may have us wait where nobody else can answer."""
ELSEWHERE: Final[frozenset[Kind]] = frozenset({"rate", "overloaded", "timeout"})
"""Waiting here is worse than asking somebody else, if there is somebody."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """Where one stands."""

    candidate: int = 0
    """Index of who is being asked."""
    tries: int = 1
    """At this candidate, the present one included."""
    total: int = 1
    barred: frozenset[tuple[str, str]] = frozenset()
    """Providers, and whose key, that need not be asked any more."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Ask the same candidate again."""

    after: float
    """Seconds to wait first."""
    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Next:
    """Ask `attempt.candidate`, at once."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The stream ends."""

    why: Literal["shown", "refused", "exhausted", "spent"]
    """Something was shown already; the content is refused; nobody is left to ask; enough attempts or time went by."""
    retry_after: float | None = None
    """Seconds after which the client may try, where the provider said so."""


def after(
    candidates: Sequence[Candidate],
    attempt: Attempt,
    failure: Failed,
    *,
    shown: bool,
    elapsed: float,
    rng: random.Random,
) -> Retry | Next | GiveUp:
    """`shown`: whether anything of the answer, or of its reasoning, was; `elapsed`: seconds since the first attempt."""
    if shown:
        return GiveUp("shown")
    if failure.kind == "filtered":
        return GiveUp("refused")
    if attempt.total >= ATTEMPTS_MAX or elapsed >= SECONDS_MAX:
        return GiveUp("spent", failure.retry_after)
    if failure.kind in ("authentication", "payment"):
        asked = candidates[attempt.candidate]
        attempt = replace(attempt, barred=attempt.barred | {(asked.model.provider, asked.key)})
    following = _following(candidates, attempt, failure.kind)
    wait = _wait(attempt, failure, following is not None, rng)
    if wait is not None and elapsed + wait < SECONDS_MAX:
        return Retry(wait, replace(attempt, tries=attempt.tries + 1, total=attempt.total + 1))
    if following is None:
        return GiveUp("exhausted", failure.retry_after)
    return Next(replace(attempt, candidate=following, tries=1, total=attempt.total + 1))


def _wait(attempt: Attempt, failure: Failed, others: bool, rng: random.Random) -> float | None:
    """Seconds; None: the same candidate is not asked again."""
    if failure.kind not in RETRYABLE or attempt.tries >= (TRIES if others else TRIES_LAST):
        return None
    if others and (failure.kind in ELSEWHERE or failure.retry_after is not None):
        return None
    wait = BACKOFF * 2 ** (attempt.tries - 1) * (1 - JITTER * rng.random())
    if failure.retry_after is not None:
        wait = max(wait, failure.retry_after)
    return wait if wait <= WAIT_MAX else None


def _following(candidates: Sequence[Candidate], attempt: Attempt, kind: Kind) -> int | None:
    context = candidates[attempt.candidate].model.context
    for index in range(attempt.candidate + 1, len(candidates)):
        each = candidates[index]
        if (each.model.provider, each.key) in attempt.barred:
            continue
        if (
            kind == "too-long"
            and context is not None
            and each.model.context is not None
            and each.model.context <= context
        ):
            continue
        return index
    return None
