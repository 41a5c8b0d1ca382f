"""The models as this gateway last heard of them: in memory, so that showing them never waits. One per gateway."""

import asyncio
from datetime import UTC, date, datetime
from typing import Final

import msgspec
import structlog

from ai_router import lists
from ai_router.catalogue import Catalogue
from ai_router.models import Model
from schemas.model_lists import ListedModel, ModelList, ModelsQuery, ProviderState
from schemas.unavailable import Unavailable
from store.model_lists import ModelLists

logger = structlog.get_logger("gateway")
LOOK_SECONDS: Final = 5.0


class Models:
    """`run` is its task."""

    def __init__(self, store: ModelLists) -> None:
        self._store = store
        self._lists: dict[str, lists.Heard] = {}
        self.catalogue: Catalogue = lists.together({})
        """All that can be asked."""

    async def run(self) -> None:
        """Look again for ever; cancel to stop."""
        while True:
            try:
                await self.look()
            except Unavailable as error:
                logger.warning("models are not looked at", reason=str(error))
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Take what the workers wrote down. Raises StoreUnavailable."""
        found: dict[str, lists.Heard] = {}
        for name, entry in (await self._store.all()).items():
            try:
                found[name] = lists.decode(entry)
            except msgspec.DecodeError:
                continue  # another version's; the next refresh writes it anew
        self._lists = found
        self.catalogue = lists.together(found)

    def list(self, query: ModelsQuery) -> ModelList:
        """Those that a client asks for."""
        today = datetime.now(UTC).date()
        items = [
            self.show(model, today)
            for model in sorted(self.catalogue.models.values(), key=lambda model: model.name)
            if (query.provider in (None, model.provider))
            and (query.category is None or query.category in model.categories)
        ]
        providers = [
            ProviderState(name, each.title, not each.failure, each.failure, each.at)
            for name, each in sorted(self._lists.items())
        ]
        return ModelList(items, providers)

    def show(self, model: Model, day: date) -> ListedModel:
        """One of them, with its price on a day."""
        price = model.price_on(day)
        provider = self._lists.get(model.provider)
        return ListedModel(
            name=model.name,
            display_name=model.display_name or model.own_name,
            provider=model.provider,
            context=model.context,
            max_output=model.max_output,
            input_price=price.rates.input if price else None,
            output_price=price.rates.output if price else None,
            abilities=sorted(model.abilities),
            categories=sorted(model.categories),
            tier=model.tier,
            automatic=model.automatic,
            reachable=provider is None or not provider.failure,
        )
