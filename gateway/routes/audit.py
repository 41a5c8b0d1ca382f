"""`/api/admin/audit`: the audit log, for administrators."""

from datetime import datetime

from gateway.cursors import decode_cursor, page
from gateway.operations import Call
from schemas import audit as bodies
from schemas.pages import Page
from store import audit
from store.audit import AuditFilter, AuditRow


async def list_audit(call: Call) -> Page[bodies.AuditEntry]:
    """List security-relevant acts, newest first."""
    query: bodies.AuditQuery = call.query
    which = AuditFilter(
        actor_id=query.actor_id,
        act=query.act,
        subject=query.subject,
        since=query.since,
        until=query.until,
        before=decode_cursor(query.cursor, tuple[datetime, int]),
    )
    rows = await audit.list_audit(call.parts.postgres, which, query.limit + 1)
    return page(rows, query.limit, shown, lambda row: (row.at, row.id))


def shown(row: AuditRow) -> bodies.AuditEntry:
    """As administrators see it."""
    return bodies.AuditEntry(
        row.id, row.at, row.act, row.actor_id, row.subject, row.address, row.request_id, row.details
    )
