"""Plans an answer, and asks who was planned: the catalogue, keys, breakers and the board come together here.

Asked ──► category, size ──► offers (keys, breakers) ──► choice.py ──► Plan       a candidate ──► its provider
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Final
from uuid import UUID

import aiohttp
import msgspec
import structlog

from ai_router import lists
from ai_router.catalogue import Catalogue, models_of
from ai_router.categories.classify import category_of_talk
from ai_router.choice import Candidate, Nothing, Plan, Stay, choose, choose_named
from ai_router.cost import output_allowed
from ai_router.evidence import Evidence, answered, broke
from ai_router.fit import Fitted, least
from ai_router.formats.port import Ask
from ai_router.formats.refusals import failed
from ai_router.heard import Failed, Heard
from ai_router.known import ECHO, KNOWN
from ai_router.models import Model
from ai_router.offers import Needs, offers
from ai_router.providers import PROVIDERS, Access
from ai_router.summariser import summariser
from ai_router.tokens import tokens_of_all
from schemas.conversation import Image
from schemas.models import Ability, Category
from schemas.streams import Asked
from schemas.unavailable import Unavailable
from store.model_lists import ModelLists
from store.postgres import Postgres
from store.streams import ClaimedRow, StreamRow
from workers.ai.circuits import Circuits
from workers.ai.echo import echo
from workers.ai.experience import Experience
from workers.ai.key_ring import KeyRing
from workers.ai.own_keys import OwnKey, own_keys
from workers.ai.patience import AS_THEY_ARE, Patience
from workers.ai.provider import Upstream, answer
from workers.ai.repeats import Repeats, again
from workers.ai.settle import category_of

logger = structlog.get_logger("workers.ai")
LOOK_SECONDS: Final = 5.0
AUTO: Final = "auto"


class Router:
    """One per process; `run` is its task."""

    def __init__(
        self,
        accesses: Mapping[str, Access],
        store: ModelLists,
        postgres: Postgres,
        ring: KeyRing,
        circuits: Circuits,
        experience: Experience,
        client: aiohttp.ClientSession,
        repeats: Repeats,
        patience: Patience = AS_THEY_ARE,
    ) -> None:
        """`accesses`: providers for which this server has a key, or that need none."""
        self._accesses = accesses
        self._store = store
        self._postgres = postgres
        self._ring = ring
        self.circuits = circuits
        self._experience = experience
        self._client = client
        self._repeats = repeats
        self.patience = patience
        self._random = random.Random()
        self._catalogue = lists.together({})

    async def run(self) -> None:
        """Keep the catalogue fresh for ever; cancel to stop."""
        while True:
            try:
                await self.look()
            except Unavailable as error:
                logger.warning("the catalogue cannot be read", reason=str(error))
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Read what lists.py wrote. Raises StoreUnavailable."""
        found = {}
        for name, entry in (await self._store.all()).items():
            try:
                found[name] = lists.decode(entry)
            except msgspec.DecodeError:
                continue  # another version's; it is written anew soon
        self._catalogue = lists.together(found)

    async def plan(self, row: ClaimedRow, asked: Asked) -> tuple[Plan | Nothing, dict[str, OwnKey]]:
        """Who is asked, in which order; and the asking person's keys, for as long as the answer takes.

        Raises StoreUnavailable.
        """
        before, category = _categories(asked)
        own = await own_keys(self._postgres, self._ring, row.user_id) if row.has_keys else {}
        needs = Needs(
            category=category,
            day=datetime.now(UTC).date(),
            tier=row.tier or "guest",  # type: ignore[arg-type]  # by its CHECK
            tokens=tokens_of_all(asked.turns),
            least=least(asked.turns),
            max_output=asked.max_tokens,
            abilities=_abilities(asked),
            left=row.held_nano_usd or 0,
        )
        catalogue = with_own(self._catalogue, own, needs.day)
        server = {} if row.held_own_key else self._accesses
        cooling = await self.circuits.cooling()
        if asked.model == AUTO:
            offered = offers(catalogue.models.values(), own, server, cooling)
            stay = Stay(asked.answered_by, before) if asked.answered_by and before else None
            return choose(self._experience, offered, needs, self._random, stay), own
        like = catalogue.like(asked.model)
        return choose_named(asked.model, offers(like, own, server, cooling), needs), own

    def model(self, name: str) -> Model:
        """A model with its prices; one that nobody knows has none."""
        return self._catalogue.models.get(name) or KNOWN.get(name) or Model(name)

    async def learn(self, candidate: Candidate, row: StreamRow, seconds: float | None, usd: float | None) -> None:
        """A candidate has answered: `seconds` to its first token, and what it cost."""
        await self._note(candidate, row, answered(time.time(), seconds, usd))

    async def learn_failure(self, candidate: Candidate, row: StreamRow, failure: Failed) -> None:
        """It has not."""
        await self._note(candidate, row, broke(time.time(), failure.kind, own_key=candidate.key == "own"))

    async def _note(self, candidate: Candidate, row: StreamRow, seen: Evidence) -> None:
        if candidate.model.name in self._catalogue.models:  # `auto` cannot choose others: anybody can make up names
            category = category_of(msgspec.json.decode(row.asked, type=Asked))
            await self._experience.note(category, candidate.model.name, seen, row.user_id)

    async def summariser(self, candidate: Candidate, sent: int, tokens: int, own: Mapping[str, OwnKey]) -> Candidate:
        """Who summarises so many tokens of a history that does not fit the candidate (ai_router/summariser.py)."""
        day = datetime.now(UTC).date()
        models = with_own(self._catalogue, own, day).models.values()
        cooling = await self.circuits.cooling()
        model = summariser(candidate.model, candidate.key, models, cooling, sent, tokens, day)
        return replace(candidate, model=model)

    async def ask(
        self, user: UUID, candidate: Candidate, fitted: Fitted, asked: Asked, own: Mapping[str, OwnKey]
    ) -> AsyncIterator[Heard]:
        """What the model says. Closing it closes the provider's connection."""
        model = candidate.model
        # With the server's key no answer is longer than what was set aside for it (gateway/quota.py).
        most = asked.max_tokens if candidate.key == "own" else output_allowed(model, asked.max_tokens)
        ask = Ask(model.own_name, fitted.turns, most, asked.temperature)
        if (kept := await self._repeats.find(user, model.name, fitted, asked)) is not None:
            heard = again(kept)
        elif model.name == ECHO.name:
            heard = echo(ask)
        elif (upstream := self._upstream(candidate, own)) is None:
            yield failed("authentication", f"there is no key for {model.provider} any more")
            return
        else:
            heard = answer(self._client, upstream, ask)
        told = self._repeats.keeping(heard, user, model.name, fitted, asked) if asked.cache and kept is None else heard
        try:
            async for each in told:
                yield each
        finally:
            await heard.aclose()  # type: ignore[attr-defined]

    def _upstream(self, candidate: Candidate, own: Mapping[str, OwnKey]) -> Upstream | None:
        name = candidate.model.provider
        access = self._accesses.get(name)
        if candidate.key == "own":
            if name not in own:
                return None
            key = own[name].key
        elif access is None:
            return None
        else:
            key = access.key
        return upstream_of(name, access, key, self.patience)


def with_own(catalogue: Catalogue, own: Collection[str], day: date) -> Catalogue:
    """With the models that somebody's own keys open, where this server has no list of them."""
    models = dict(catalogue.models)
    listed = {model.provider for model in models.values()}
    for provider in own:
        if provider not in listed:
            models |= {model.name: model for model in models_of(provider, None, day)}
    return Catalogue(models, catalogue.unlisted)


def upstream_of(name: str, access: Access | None, key: str, patience: Patience) -> Upstream | None:
    """A provider with a key; None where it is not known here."""
    provider = access.provider if access is not None else PROVIDERS.get(name)
    if provider is None:
        return None
    base_url = access.base_url if access is not None else provider.base_url
    first_token = patience.first_token or provider.first_token_seconds
    return Upstream(name, provider.format, base_url, key, first_token, patience.idle)


def _categories(asked: Asked) -> tuple[Category | None, Category]:
    """Of the question before the last one, and of the last."""
    questions = [turn for turn in asked.turns if turn.speaker == "user"]
    before = category_of_talk(questions[:-1]) if len(questions) > 1 else None
    return before, category_of_talk(questions)


def _abilities(asked: Asked) -> frozenset[Ability]:
    # Only what the last question shows: older pictures are left out for models that cannot see.
    last = next((turn for turn in reversed(asked.turns) if turn.speaker == "user"), None)
    sees = last is not None and any(isinstance(part, Image) for part in last.parts)
    return frozenset({"image"}) if sees else frozenset()
