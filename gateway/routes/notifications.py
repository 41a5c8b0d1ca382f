"""`/api/notifications`: what concerns the caller."""

from uuid import UUID

from gateway.cursors import decode_cursor, page
from gateway.operations import Call
from gateway.refusals import Missing
from schemas import notifications as bodies
from store import notifications
from store.happenings import Happening, add_happening, user_topic
from store.notifications import NotificationRow
from store.postgres import Transaction


async def list_notifications(call: Call) -> bodies.NotificationPage:
    """List what concerns the caller, newest first, and how much of it is unread."""
    query: bodies.NotificationsQuery = call.query
    db, user = call.parts.postgres, call.caller.user_id
    before = decode_cursor(query.cursor, UUID)
    rows = await notifications.list_notifications(db, user, unread=query.unread, before=before, limit=query.limit + 1)
    unread = await notifications.count_unread(db, user)
    found = page(rows, query.limit, shown, lambda row: row.id)
    return bodies.NotificationPage(found.items, found.next_cursor, unread)


async def read_notification(call: Call) -> None:
    """Mark one as read."""
    notification_id, user = call.id(), call.caller.user_id

    async def work(tx: Transaction) -> bool | None:
        changed = await notifications.mark_read(tx, user, notification_id)
        if changed:
            await _tell(tx, user, "notification.read", {"id": notification_id})
        return changed

    if await call.parts.postgres.transact(work) is None:
        raise Missing("there is no such notification")


async def read_all(call: Call) -> None:
    """Mark all as read."""
    user = call.caller.user_id

    async def work(tx: Transaction) -> None:
        if await notifications.mark_all_read(tx, user):
            await _tell(tx, user, "notification.read-all", {})

    await call.parts.postgres.transact(work)


async def get_preferences(call: Call) -> bodies.Preferences:
    """Which kinds the caller does not want."""
    return bodies.Preferences(await notifications.find_muted(call.parts.postgres, call.caller.user_id))


async def put_preferences(call: Call) -> bodies.Preferences:
    """Say which kinds the caller does not want."""
    muted = sorted(set(call.body.muted))
    await notifications.set_muted(call.parts.postgres, call.caller.user_id, muted)
    return bodies.Preferences(muted)


def shown(row: NotificationRow) -> bodies.Notification:
    """As its user sees it."""
    return bodies.Notification(row.id, row.kind, row.actor_id, row.project_id, row.data, row.created_at, row.read_at)


async def _tell(tx: Transaction, user: UUID, kind: str, data: dict[str, object]) -> None:
    # The user's other tabs.
    await add_happening(tx, Happening(topic=user_topic(user), kind=kind, actor_id=user, data=data))
