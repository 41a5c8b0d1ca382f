"""`/api/ai/keys`: keys that people bring along. They are closed here and opened by AI workers alone."""

from typing import Final
from uuid import UUID

from gateway.auth.logins import still_in
from gateway.operations import Call
from gateway.refusals import Conflict, Invalid, Missing
from schemas import user_keys as bodies
from schemas.ids import new_id
from schemas.user_keys import KEY_PROVIDERS, KEYS_PER_USER, LAST_SHOWN
from store import user_keys
from store.happenings import Act, add_audit
from store.key_tests import ask_to_test
from store.postgres import Transaction
from store.user_keys import UserKeyRow

MESSAGES: Final = {
    "ok": "the provider takes this key",
    "authentication": "the provider refuses this key",
    "payment": "the provider takes this key, but its account is out of credit",
    "rate": "the provider says that this key was used too often just now",
    "overloaded": "the provider has no room now; try again later",
    "timeout": "the provider did not answer in time",
    "network": "the provider cannot be reached",
    "unopenable": "the key cannot be read any more: set it anew",
    "unanswered": "no AI worker answered; try again later",
}
"""Ours: what a provider says may repeat the key."""


class _Full(Exception):
    """The account has as many keys as it may have; nothing was changed."""


async def add_keys(call: Call) -> bodies.UserKeys:
    """Set keys of one's own, of one provider or of several."""
    body: bodies.KeysRequest = call.body
    given = _given(body)
    user_id, close = call.caller.user_id, call.parts.key_seal.close

    async def work(tx: Transaction) -> list[UserKeyRow]:
        await still_in(tx, call)
        rows = []
        for provider, key in given:
            key_id = new_id()
            sealed = close(key.encode(), user_id, provider, key_id)
            last4, ring_key = key[-LAST_SHOWN:], call.parts.key_seal.id
            row = await user_keys.add_key(
                tx, key_id, user_id, provider, body.label, last4=last4, sealed=sealed, ring_key=ring_key
            )
            rows.append(row)
            await add_audit(tx, _act(call, "ai-key.set", key_id, provider))
        if await user_keys.count_keys(tx, user_id) > KEYS_PER_USER:
            raise _Full
        return rows

    try:
        rows = await call.parts.postgres.transact(work)
    except _Full:
        raise Conflict(f"an account has at most {KEYS_PER_USER} keys; remove one first") from None
    return bodies.UserKeys([shown(row) for row in rows])


async def list_keys(call: Call) -> bodies.UserKeys:
    """List the caller's keys: their last four characters."""
    return bodies.UserKeys([shown(row) for row in await user_keys.list_keys(call.parts.postgres, call.caller.user_id)])


async def delete_key(call: Call) -> None:
    """Remove a key."""
    key_id, user_id = call.id(), call.caller.user_id

    async def work(tx: Transaction) -> bool:
        gone = await user_keys.remove_key(tx, user_id, key_id)
        if gone:
            await add_audit(tx, _act(call, "ai-key.removed", key_id))
        return gone

    if not await call.parts.postgres.transact(work):
        raise Missing("there is no such key")


async def test_key(call: Call) -> bodies.KeyTest:
    """Have a worker ask the provider whether it takes a key; answers within 12 seconds."""
    row = await user_keys.find_key(call.parts.postgres, call.caller.user_id, call.id())
    if row is None:
        raise Missing("there is no such key")
    verdict = await ask_to_test(call.parts.settings.redis_url, row.id) or "unanswered"
    message = MESSAGES.get(verdict, "the provider cannot say now")
    return bodies.KeyTest(verdict == "ok", None if verdict == "ok" else verdict, message)


def shown(row: UserKeyRow) -> bodies.UserKey:
    """As its owner sees it."""
    return bodies.UserKey(row.id, row.provider, row.label, row.last4, row.tested_at, row.verdict, row.created_at)


def _given(body: bodies.KeysRequest) -> list[tuple[str, str]]:
    by_name: list[tuple[str, str]] = [(name, key) for name in KEY_PROVIDERS if (key := getattr(body, name)) is not None]
    if body.provider is None and body.key is None:
        if not by_name:
            raise Invalid.field("/key", "give `provider` and `key`, or keys by their providers' names")
        return by_name
    if body.provider is None or body.key is None:
        raise Invalid.field("/provider" if body.provider is None else "/key", "`provider` and `key` belong together")
    if by_name:
        raise Invalid.field("/provider", "give either `provider` and `key`, or keys by their providers' names")
    return [(body.provider, body.key)]


def _act(call: Call, act: str, key_id: UUID, provider: str = "") -> Act:
    return Act(
        act=act,
        actor_id=call.caller.user_id,
        subject=f"ai-key:{key_id}",
        address=call.address,
        request_id=call.request_id,
        details={"provider": provider} if provider else {},
    )
