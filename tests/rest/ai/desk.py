"""What the tests of quotas do: users of a tier, their streams as gateways begin them and workers end them."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from ai_router.catalogue import Catalogue
from ai_router.cost import NANO
from ai_router.models import Model, Price, Rates
from gateway.parts import Parts
from gateway.quota import NewStream, OverQuota, add_stream
from schemas.conversation import said
from schemas.ids import new_id
from schemas.streams import Asked, Usage
from store import ai_holds, streams, user_keys
from store.ai_holds import Hold
from store.errors import StoreUnavailable
from store.postgres import Postgres
from store.streams import StreamRow
from workers.ai.settle import Ending, settle

PRICED = Model("openai/priced", max_output=1_000, prices=(Price(Rates(0.0, 100.0)),), tier="guest", automatic=True)
"""An answer of 1,000 tokens costs 0.10 USD."""
MODELS = Catalogue({PRICED.name: PRICED})
WORKER = "a worker of these tests"


@dataclass
class Desk:
    """One user at several gateways."""

    gateways: Sequence[Parts]
    user: UUID
    project: UUID | None = None

    @property
    def postgres(self) -> Postgres:
        """Of the first gateway."""
        return self.gateways[0].postgres

    async def ask(
        self, max_tokens: int = 1_000, model: str = PRICED.name, request_id: str | None = None
    ) -> UUID | None:
        """Begin a stream at one of the gateways; its id, or None where an earlier one has this request. OverQuota."""
        parts = random.choice(self.gateways)
        asked = Asked((said("user", "?"),), model, max_tokens)
        new = NewStream(new_id(), self.user, self.project, request_id, asked, 0)
        while True:
            try:
                added = await parts.postgres.transact(lambda tx: add_stream(tx, parts, new), pipelined=True)
            except StoreUnavailable as busy:
                if "PoolTimeout" not in str(busy):
                    raise
                continue  # a hundred at once: no connection was free in time, and nothing has begun
            return new.id if added else None

    async def ask_if_possible(self, max_tokens: int = 1_000, model: str = PRICED.name) -> UUID | OverQuota:
        """The same; what stands in the way as a value."""
        try:
            stream = await self.ask(max_tokens, model)
        except OverQuota as over:
            return over
        assert stream is not None
        return stream

    async def claim(self, stream: UUID) -> StreamRow:
        """A worker takes it."""
        row = await streams.claim(self.postgres, stream, WORKER)
        assert row is not None
        return row

    async def end(self, stream: UUID, usage: Usage | None, status: str = "done", text: str = "") -> Ending | None:
        """A worker answers it."""
        row = await self.claim(stream)
        ending = ended(status, usage, text)
        return await settle(self.postgres, row, WORKER, ending, PRICED)

    async def hold(self, stream: UUID) -> Hold | None:
        """What is set aside for it."""
        return await ai_holds.find_hold(self.postgres, stream)

    async def spent_and_held(self) -> tuple[int, int]:
        """In billionths of a USD."""
        row = await ai_holds.taken(self.postgres, self.user)
        return row.nano_usd, row.held_nano_usd


def ended(status: str, usage: Usage | None, text: str = "", model: str | None = PRICED.name) -> Ending:
    """How an answer ended."""
    return Ending(status, text, "", None, model, None, usage, None, None, own_key=False)


def usd(amount: float) -> int:
    """In billionths."""
    return round(amount * NANO)


async def make_user(postgres: Postgres, tier: str) -> UUID:
    """Somebody of this tier."""
    user = new_id()
    await postgres.execute(
        "INSERT INTO users (id, display_name, is_guest, tier) VALUES (%(id)s, 'x', false, %(tier)s)",
        {"id": user, "tier": tier},
    )
    return user


async def make_project(postgres: Postgres, owner: UUID) -> UUID:
    """A project."""
    project = new_id()
    await postgres.execute(
        "INSERT INTO projects (id, owner_id, name) VALUES (%(id)s, %(owner)s, 'x')", {"id": project, "owner": owner}
    )
    return project


def strict(parts: Parts) -> Parts:
    """The same gateway with the limits as they are outside of tests."""
    return replace(parts, settings=replace(parts.settings, rate_factor=1.0))


async def add_key(desk: Desk, provider: str) -> None:
    """A key of the user's own."""
    await user_keys.add_key(
        desk.postgres, await make_user(desk.postgres, "free"), desk.user, provider, "",
        last4="abcd", sealed=b"x", ring_key="secret",
    )  # fmt: skip
