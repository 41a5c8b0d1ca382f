"""`/api/admin/api-keys`: whose keys at providers lie here. Nobody sees more of them than their ends."""

from uuid import UUID

import msgspec

from gateway.auth.notes import audit, tell_user
from gateway.cursors import decode_cursor, page
from gateway.operations import Call
from gateway.refusals import Missing
from schemas import user_keys as bodies
from schemas.pages import Page
from store import user_keys
from store.postgres import Transaction
from store.user_keys import SomebodysKeyRow
from store.users_admin import LATEST


async def list_all_keys(call: Call) -> Page[bodies.SomebodysKey]:
    """List everybody's keys at providers, or one person's, newest first."""
    query: bodies.AllKeysQuery = call.query
    before = decode_cursor(query.cursor, UUID) or LATEST
    rows = await user_keys.list_all_keys(call.parts.postgres, query.user_id, before, query.limit + 1)
    return page(rows, query.limit, _shown, lambda row: row.id)


async def delete_any_key(call: Call) -> None:
    """Remove a key, whoever's it is; its owner hears of it."""

    async def work(tx: Transaction) -> None:
        row = await user_keys.remove_any_key(tx, call.id())
        if row is None:
            raise Missing("there is no such key")
        await tell_user(tx, call, row.user_id, "ai-key.removed", key_id=str(row.id), provider=row.provider)
        await audit(tx, call, "ai-key.removed", row.user_id, key_id=str(row.id), provider=row.provider)

    await call.parts.postgres.transact(work)


def _shown(row: SomebodysKeyRow) -> bodies.SomebodysKey:
    return msgspec.convert(row, bodies.SomebodysKey, from_attributes=True)
