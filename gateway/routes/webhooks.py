"""`/api/webhooks`: where a user wants to be told of what happens in their projects. Delivered by the workers."""

import base64
import secrets
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import UNSET

from gateway.access import Denied
from gateway.auth.logins import still_in
from gateway.cursors import decode_cursor, page
from gateway.operation import Answer
from gateway.operations import Call
from gateway.refusals import Conflict, Forbidden, Invalid, Missing, Stale
from schemas import webhooks as bodies
from schemas.close_codes import CloseCode
from schemas.ids import new_id
from schemas.outbound import UnsafeUrl
from schemas.pages import Page
from schemas.roles import Role
from schemas.webhooks import ENDPOINTS_PER_USER
from store import deliveries, webhooks
from store.deliveries import DeliveryRow
from store.happenings import Act, add_audit
from store.postgres import Transaction
from store.webhooks import EndpointChange, EndpointRow

SECRET_BYTES: Final = 32  # Standard Webhooks: 24 to 64
SECRET_PREFIX: Final = "whsec_"
ROTATION_SECONDS: Final = 24 * 3600  # both secrets sign meanwhile


async def create_webhook(call: Call) -> Answer:
    """Make an endpoint; its secret is shown this once."""
    body: bodies.WebhookRequest = call.body
    _check_url(call, body.url)
    if body.project_id is not None:
        await _check_admin(call, body.project_id)
    endpoint_id, secret = new_id(), _new_secret()
    sealed = call.parts.webhook_seal.close(secret.encode(), endpoint_id.bytes)

    async def work(tx: Transaction) -> EndpointRow | None:
        await still_in(tx, call)
        if await webhooks.count_endpoints(tx, call.caller.user_id) >= ENDPOINTS_PER_USER:
            return None
        row = await webhooks.add_endpoint(
            tx,
            endpoint_id,
            call.caller.user_id,
            body.project_id,
            url=body.url,
            description=body.description,
            events=body.events,
            secret=sealed,
        )
        await add_audit(tx, _act(call, "webhook.created", endpoint_id, host=_host(body.url)))
        return row

    row = await call.parts.postgres.transact(work)
    if row is None:
        raise Conflict(f"an account has at most {ENDPOINTS_PER_USER} webhooks; remove one first")
    return Answer(bodies.WebhookSecret(shown(row), secret), etag=str(row.version))


async def list_webhooks(call: Call) -> Page[bodies.Webhook]:
    """List the caller's endpoints."""
    after = decode_cursor(call.query.cursor, UUID) or UUID(int=0)
    rows = await webhooks.list_endpoints(call.parts.postgres, call.caller.user_id, after, call.query.limit + 1)
    return page(rows, call.query.limit, shown, lambda row: row.id)


async def get_webhook(call: Call) -> Answer:
    """One of the caller's endpoints."""
    row = await _own(call)
    return Answer(shown(row), etag=str(row.version))


async def change_webhook(call: Call) -> Answer:
    """Change an endpoint, or enable it again."""
    body: bodies.WebhookChange = call.body
    if body.url is not UNSET:
        _check_url(call, body.url)
    change = EndpointChange(
        url=None if body.url is UNSET else body.url,
        description=None if body.description is UNSET else body.description,
        events=None if body.events is UNSET else body.events,
        enabled=None if body.enabled is UNSET else body.enabled,
    )
    endpoint_id, version = call.id(), call.expected_version()

    async def work(tx: Transaction) -> EndpointRow | None:
        row = await webhooks.change_endpoint(tx, call.caller.user_id, endpoint_id, change, version)
        if row is not None:
            await add_audit(tx, _act(call, "webhook.changed", endpoint_id, host=_host(row.url)))
        return row

    row = await call.parts.postgres.transact(work)
    if row is None:
        await _own(call)
        raise Stale("the webhook was changed meanwhile")
    return Answer(shown(row), etag=str(row.version))


async def delete_webhook(call: Call) -> None:
    """Remove an endpoint with its deliveries."""
    endpoint_id = call.id()

    async def work(tx: Transaction) -> bool:
        gone = await webhooks.remove_endpoint(tx, call.caller.user_id, endpoint_id)
        if gone:
            await add_audit(tx, _act(call, "webhook.deleted", endpoint_id))
        return gone

    if not await call.parts.postgres.transact(work):
        raise Missing("there is no such webhook")


async def rotate_webhook(call: Call) -> Answer:
    """Give an endpoint a new secret; the old one signs too for a day."""
    endpoint_id, secret = call.id(), _new_secret()
    sealed = call.parts.webhook_seal.close(secret.encode(), endpoint_id.bytes)

    async def work(tx: Transaction) -> bool:
        done = await webhooks.rotate_secret(tx, call.caller.user_id, endpoint_id, sealed, ROTATION_SECONDS)
        if done:
            await add_audit(tx, _act(call, "webhook.rotated", endpoint_id))
        return done

    if not await call.parts.postgres.transact(work):
        raise Missing("there is no such webhook")
    row = await _own(call)
    return Answer(bodies.WebhookSecret(shown(row), secret), etag=str(row.version))


async def test_webhook(call: Call) -> bodies.Delivery:
    """Send an endpoint an event of the kind `webhook.test`."""
    endpoint = await _own(call)
    return shown_delivery(await deliveries.add_test(call.parts.postgres, endpoint.id))


async def list_deliveries(call: Call) -> Page[bodies.Delivery]:
    """List what was sent to an endpoint, newest first; kept for 30 days."""
    endpoint = await _own(call)
    before = decode_cursor(call.query.cursor, tuple[datetime, UUID])
    rows = await deliveries.list_deliveries(call.parts.postgres, endpoint.id, before, call.query.limit + 1)
    return page(rows, call.query.limit, shown_delivery, lambda row: (row.created_at, row.id))


def shown(row: EndpointRow) -> bodies.Webhook:
    """As its owner sees it."""
    return bodies.Webhook(
        id=row.id,
        url=row.url,
        events=row.events,
        project_id=row.project_id,
        description=row.description,
        enabled=row.disabled_at is None,
        disabled_reason=row.disabled_reason,
        failing_since=row.failing_since,
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def shown_delivery(row: DeliveryRow) -> bodies.Delivery:
    """As the endpoint's owner sees it."""
    return bodies.Delivery(
        id=row.id,
        event=row.kind,
        event_id=row.happening_id,
        status=row.status,
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at,
        last_attempt_at=row.last_attempt_at,
        response_status=row.response_status,
        error=row.error,
        duration_ms=row.duration_ms,
        created_at=row.created_at,
    )


async def _own(call: Call) -> EndpointRow:
    row = await webhooks.find_endpoint(call.parts.postgres, call.caller.user_id, call.id())
    if row is None:
        raise Missing("there is no such webhook")
    return row


async def _check_admin(call: Call, project_id: UUID) -> None:
    try:
        access = await call.parts.gate.in_project(call.caller, project_id)
    except Denied as denied:
        if denied.code is CloseCode.NOT_FOUND:
            raise Invalid.field("/project_id", denied.reason) from None
        raise
    if not access.is_member or access.role < Role.ADMIN:
        raise Forbidden("webhooks of a project are for its admins")


def _check_url(call: Call, url: str) -> None:
    try:
        call.parts.settings.outbound.check(url)
    except UnsafeUrl as error:
        raise Invalid.field("/url", str(error)) from None


def _new_secret() -> str:
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def _host(url: str) -> str:
    # Paths and queries of webhooks often hold a secret of the receiver's.
    return url.partition("://")[2].partition("/")[0].partition("?")[0]


def _act(call: Call, act: str, endpoint_id: UUID, **details: object) -> Act:
    return Act(
        act=act,
        actor_id=call.caller.user_id,
        subject=f"webhook:{endpoint_id}",
        address=call.address,
        request_id=call.request_id,
        details=details,
    )
