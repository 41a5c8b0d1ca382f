"""Which models are asked, in which order, and why. Called once for each request, before anything is sent.

catalogue ─► offers (keys, breakers) ─► those that fit (context, ability, tier, budget) ─► stay, or draw ─► Plan
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ai_router.board import Board
from ai_router.heard import Kind
from ai_router.keys import Key
from ai_router.models import Model
from ai_router.offers import SENTENCES, Needs, Offer, Unfit, holds, unfit
from ai_router.score import Score, draw, propensity, score
from schemas.models import Category

CANDIDATES_MAX: Final = 4
"""Models asked for one answer: after as many failures the trouble is not the models'."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model that will be asked, and why: a sentence for the client."""

    model: Model
    key: Key
    why: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Candidates in order: the next is asked when the one before failed ahead of its first token."""

    candidates: tuple[Candidate, ...]
    propensity: float
    """How probable it was that the first one is chosen, among what fitted."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """No model can be asked; by name, why not."""

    unfit: Mapping[str, Unfit]

    @property
    def why(self) -> str:
        """A sentence: the reason that comes nearest to an answer."""
        order: Sequence[Unfit] = ("cooling", "budget", "context", "ability", "tier", "key")
        return next((SENTENCES[each] for each in order if each in self.unfit.values()), "there is no such model")

    @property
    def kind(self) -> Kind:
        """The same for programs."""
        return next((_KINDS[each] for each in _KINDS if each in self.unfit.values()), "not-found")


_KINDS: Final[Mapping[Unfit, Kind]] = {
    "cooling": "overloaded", "budget": "payment", "context": "too-long", "ability": "invalid", "tier": "authentication",
    "key": "authentication",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stay:
    """What answered this chat so far."""

    model: str
    category: Category


def choose(
    board: Board, offered: Iterable[Offer], needs: Needs, rng: random.Random, stay: Stay | None = None
) -> Plan | Nothing:
    """For `auto`."""
    offered = list(offered)
    found = {each.model.name: unfit(each, needs) for each in offered}
    fitting = [each for each in offered if found[each.model.name] is None]
    # Whose context holds all of the history comes before those for whom it would be cut.
    fitting = [each for each in fitting if holds(each.model, needs)] or fitting
    choosable = _choosable(fitting)
    if not choosable:
        return Nothing({name: why for name, why in found.items() if why is not None})
    kept = next((each for each in fitting if stay and _stays(each.model, needs, stay)), None)
    scores = [score(needs.category, board.standing(needs.category, each.model)) for each in choosable]
    if kept is not None:
        first, probability, why = kept, 1.0, "It has been answering this chat."
    else:
        index = draw(scores, rng)
        first, probability = choosable[index], propensity(scores, index)
        why = _why(needs.category, scores, index, probability)
    rest = _fallbacks(first, choosable, scores)
    told = [Candidate(each.model, _key(each), f"{first.model.name} failed.") for each in rest]
    return Plan((Candidate(first.model, _key(first), why), *told), probability)


def _choosable(fitting: Sequence[Offer]) -> Sequence[Offer]:
    """What `auto` may take: where no such model fits, any other but the demonstration."""
    automatic = [each for each in fitting if each.model.automatic]
    return automatic or [each for each in fitting if each.model.provider != "demo"]


def choose_named(name: str, offered: Iterable[Offer], needs: Needs) -> Plan | Nothing:
    """For `provider/model`: of what `Catalogue.like` has for the name, in that order, what fits."""
    found = [(each, unfit(each, needs)) for each in offered]
    fitting = [each for each, why in found if why is None][:CANDIDATES_MAX]
    if not fitting:
        return Nothing({each.model.name: why for each, why in found if why is not None})
    return Plan(tuple(Candidate(each.model, _key(each), _asked(each.model, name)) for each in fitting), 1.0)


def _asked(model: Model, name: str) -> str:
    return "It was asked for." if model.name == name else f"The same model as {name}, at {model.provider}."


def _key(offer: Offer) -> Key:
    assert offer.key is not None, "unfit() saw to it"
    return offer.key


def _stays(model: Model, needs: Needs, stay: Stay) -> bool:
    # A quick word in between is no reason to change; a harder question than the model is known for is.
    return model.name == stay.model and needs.category in model.categories | {stay.category, "fast-chat"}


def _fallbacks(first: Offer, fitting: Sequence[Offer], scores: Sequence[Score]) -> list[Offer]:
    """The best of other providers, one each, then the best that are left: who fails seldom fails alone."""
    best = [each for _, each in sorted(zip(scores, fitting, strict=True), key=lambda pair: -pair[0].mean)]
    best = [each for each in best if each is not first]
    providers = {first.model.provider}
    elsewhere: list[Offer] = []
    for each in best:
        if each.model.provider not in providers:
            providers.add(each.model.provider)
            elsewhere.append(each)
    again = [each for each in best if each not in elsewhere]
    return (elsewhere + again)[: CANDIDATES_MAX - 1]


_PRAISE: Final = ("good answers", "reliable", "quick", "cheap")


def _why(category: Category, scores: Sequence[Score], index: int, probability: float) -> str:
    if len(scores) == 1:
        return f"The only model that fits ({category})."
    if scores[index].mean + scores[index].spread < max(each.mean for each in scores):
        share = f"{probability:.0%}" if probability >= 0.01 else "less than 1%"
        return f"Tried in {share} of {category} requests, to learn how well it does."
    averages = [sum(each.parts[part] for each in scores) / len(scores) for part in range(len(_PRAISE))]
    praise = [
        word
        for word, mine, average in zip(_PRAISE, scores[index].parts, averages, strict=True)
        if mine > average + 0.01
    ]
    return (
        f"Expected to be among the best of {len(scores)} models for {category}{': ' * bool(praise)}{', '.join(praise)}."
    )
