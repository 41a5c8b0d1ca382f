"""Keeps the providers' lists of models fresh, in the background: whoever asks for models never waits for a provider.

every few minutes, one worker for each provider ──list_models──► provider ──► ai_router/lists.py ──► Redis
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Final

import httpx
import msgspec
import structlog

from ai_router import lists
from ai_router.formats.port import Listed
from ai_router.providers import Access
from schemas.unavailable import Unavailable
from store.model_lists import ModelLists

logger = structlog.get_logger("workers.ai")
FRESH_SECONDS: Final = 300
"""Between two questions to a provider; models come and go by the week."""
RETRY_SECONDS: Final = 30
"""After it did not answer."""
ANSWER_SECONDS: Final = 10.0
PAGES_MAX: Final = 20
LIST_BYTES: Final = 16 << 20


class Unlisted(Exception):
    """The provider gave no list; the message says why, without secrets."""


async def keep_fresh(
    client: httpx.AsyncClient,
    accesses: Mapping[str, Access],
    store: ModelLists,
    changed: Callable[[], Awaitable[None]],
) -> None:
    """Refresh all lists for ever, and say when one is new; cancel to stop."""

    async def renew(access: Access) -> None:
        if await refresh(client, access, store):
            await changed()

    while True:
        try:
            await store.drop([name for name in await store.all() if name not in accesses])
            await asyncio.gather(*(renew(access) for access in accesses.values()))
        except Unavailable as error:
            logger.warning("lists of models wait", reason=str(error))
        await asyncio.sleep(RETRY_SECONDS / 3)


async def refresh(client: httpx.AsyncClient, access: Access, store: ModelLists) -> bool:
    """Ask one provider, unless somebody did lately; whether there is something new. Raises StoreUnavailable."""
    name = access.provider.name
    if not await store.turn(name, RETRY_SECONDS):
        return False
    before = _read((await store.all()).get(name))
    now = datetime.now(UTC)
    if before is not None and not before.failure and (now - before.at).total_seconds() < FRESH_SECONDS:
        return False
    try:
        listed = list(access.models) or await _ask(client, access)
        found = lists.heard(name, access.provider.title, listed, now, before)
    except Unlisted as error:
        if access.assumed and before is None:
            return False  # nobody said that it is here
        found = lists.unheard(name, access.provider.title, str(error), now, before)
        logger.info("provider gives no list", provider=name, reason=str(error))
    await store.put(name, lists.encode(found))
    return True


async def _ask(client: httpx.AsyncClient, access: Access) -> list[Listed]:
    found: list[Listed] = []
    page = ""
    form = access.provider.format
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            for _ in range(PAGES_MAX):
                sending = form.list_models(access.base_url, access.key, page)
                answer = await client.request(sending.method, sending.url, headers=dict(sending.headers))
                if answer.status_code != 200:
                    raise Unlisted(f"{form.refusal(answer.status_code, {}, answer.content[:LIST_BYTES]).kind}")
                models, page = form.read_models(answer.content)
                found += models
                if not page:
                    break
    except TimeoutError:
        raise Unlisted("timeout") from None
    except httpx.HTTPError as error:
        raise Unlisted(type(error).__name__) from None
    except ValueError:
        raise Unlisted("malformed") from None
    return found


def _read(entry: bytes | None) -> lists.Heard | None:
    try:
        return None if entry is None else lists.decode(entry)
    except msgspec.DecodeError:
        return None  # another version's
