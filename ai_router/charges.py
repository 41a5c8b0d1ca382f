"""What an answer is reckoned with before it is asked for, and charged afterwards. Pure; store/ai_holds.py keeps sums.

Asked ──wanted──► least and most that it may cost ──hold──► … ──Usage, or what was shown──charge──► its line
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from ai_router.catalogue import Catalogue
from ai_router.cost import OUTPUT_DEFAULT, Cost, completed, cost, output_allowed, upper
from ai_router.fit import room_for, summary_takes, summary_tokens
from ai_router.heard import Usage
from ai_router.models import Model, Price, may_use
from ai_router.tokens import tokens_of_all
from schemas.accounts import Tier
from schemas.conversation import Turn

AUTO: Final = "auto"
DEMO: Final = "demo"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a request may take. Money in billionths of a USD."""

    input: int
    """Tokens of the question, an upper estimate."""
    tokens: int
    """Of the longest answer too."""
    least: int
    """The most that the cheapest model that may answer costs; less than this is not enough to ask."""
    most: int
    """The same of the dearest."""
    own_key: bool
    """A key of the user's own pays."""


def wanted(
    turns: Sequence[Turn],
    name: str,
    max_tokens: int | None,
    tier: Tier,
    models: Catalogue,
    own: Collection[str],
    day: date,
) -> Wanted:
    """Of a request for a model or `auto`. `own`: providers for which the user has a key."""
    sent = tokens_of_all(turns)
    asked = models.models.values() if name == AUTO else models.like(name)
    able = [each for each in asked if may_use(tier, each.tier)]
    if name == AUTO:
        able = [each for each in able if each.automatic] or [each for each in able if each.provider != DEMO]
    own_key = name.partition("/")[0] in own if name != AUTO else not able and bool(own)
    if not able or own_key:
        # With nothing set aside nothing is asked for that costs the server anything.
        return Wanted(sent, sent + (max_tokens or OUTPUT_DEFAULT), 0, 0, own_key)
    outputs = [output_allowed(each, max_tokens) for each in able]
    costs = [upper(each, day, sent, output) for each, output in zip(able, outputs, strict=True)]
    # What does not fit may be summarised first. All of the history is reckoned with already; that is beside it.
    more = [_of_summary(each, sent, output) for each, output in zip(able, outputs, strict=True)]
    most = max(
        upper(each, day, sent + told, output + said)
        for each, output, (told, said) in zip(able, outputs, more, strict=True)
    )
    tokens = max(output + told + said for output, (told, said) in zip(outputs, more, strict=True))
    return Wanted(sent, sent + tokens, min(costs), most, False)


def _of_summary(model: Model, sent: int, output: int) -> tuple[int, int]:
    room = room_for(model.context, output)
    if room is None or sent <= room:
        return 0, 0
    return summary_takes(summary_tokens(room), thinks="reasoning" in model.abilities)


@dataclass(frozen=True, slots=True)
class Charge:
    """What an answer took."""

    usage: Usage
    cost: Cost
    estimated: bool
    """Some of the usage is what we reckon, since the provider did not say it."""
    price: Price | None


def charge(model: Model, day: date, usage: Usage | None, sent: int, shown: str) -> Charge:
    """Of an answer that has ended, however. `sent` is what `wanted` reckoned with, `shown` all that was heard."""
    whole = completed(usage, sent, shown)
    return Charge(whole, cost(model, day, whole), whole != usage, model.price_on(day))


def price_said(price: Price | None) -> Mapping[str, object] | None:
    """A price as the ledger keeps it."""
    if price is None:
        return None
    rates = price.rates
    since = None if price.since == date.min else price.since.isoformat()
    return {
        "input": rates.input,
        "output": rates.output,
        "cached": rates.cached,
        "request": price.request,
        "since": since,
    }
