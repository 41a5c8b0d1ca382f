"""Every operation of the REST side: method, path, function, who may call it, what it takes and answers.

Read by gateway/routes/__init__.py (the URLs), gateway/openapi.py (their description) and tests/rest/test_matrix.py
(who may). Paths of the product briefs stand here exactly as the briefs write them.
"""

from typing import Final

from gateway.operation import Operation
from gateway.permissions import InProject, Registered, SignedIn, SiteAdmin
from gateway.routes import (
    admin,
    admin_rooms,
    audit,
    collaboration,
    notifications,
    webhooks,
)
from gateway.routes.table_accounts import ACCOUNTS
from gateway.routes.table_ai import AI
from gateway.routes.table_ai_accounts import AI_ACCOUNTS
from gateway.routes.table_chats import CHATS
from gateway.routes.table_files import FILES
from gateway.routes.table_projects import PROJECTS
from gateway.routes.table_texts import TEXTS
from schemas import admin as ad
from schemas import audit as au
from schemas import collaboration as co
from schemas import notifications as n
from schemas import webhooks as w
from schemas.pages import Page, PageQuery
from schemas.roles import Role

SIGNED_IN = SignedIn()
VIEWER = InProject(Role.VIEWER)
SITE_ADMIN = SiteAdmin()
SESSION_VIEWER = InProject(Role.VIEWER, of="collaboration")
SESSION_EDITOR = InProject(Role.EDITOR, of="collaboration")

TABLE: Final[tuple[Operation, ...]] = (
    # Accounts
    *ACCOUNTS,
    *PROJECTS,
    *FILES,
    *TEXTS,
    *AI,
    *AI_ACCOUNTS,
    *CHATS,
    # Who is here together
    Operation("GET", "/api/projects/{id}/presence", collaboration.get_presence, VIEWER, answers=co.ProjectPresence),
    Operation(
        "GET", "/api/collaboration/sessions", collaboration.list_sessions, VIEWER,
        query=co.SessionsQuery, answers=Page[co.CollabSession],
    ),
    Operation(
        "POST", "/api/collaboration/sessions", collaboration.start_session, SIGNED_IN,
        body=co.SessionRequest, answers=co.CollabSession, status=201, creates=True,
    ),
    Operation(
        "GET", "/api/collaboration/sessions/{id}", collaboration.get_session, SESSION_VIEWER,
        answers=co.CollabSession,
    ),
    Operation(
        "PATCH", "/api/collaboration/sessions/{id}", collaboration.change_session, SESSION_EDITOR,
        body=co.SessionChange, answers=co.CollabSession,
    ),
    Operation("DELETE", "/api/collaboration/sessions/{id}", collaboration.end_session, SESSION_EDITOR, status=204),
    Operation(
        "POST", "/api/collaboration/sessions/{id}/join", collaboration.join_session, SESSION_VIEWER,
        answers=co.Joined, limit="room-tokens", scope="live",
    ),
    Operation(
        "POST", "/api/collaboration/sessions/{id}/leave", collaboration.leave_session, SESSION_VIEWER, status=204
    ),
    Operation(
        "GET", "/api/collaboration/sessions/{id}/participants", collaboration.list_participants, SESSION_VIEWER,
        answers=co.Participants,
    ),
    # Notifications
    Operation(
        "GET", "/api/notifications", notifications.list_notifications, SIGNED_IN,
        query=n.NotificationsQuery, answers=n.NotificationPage,
    ),
    Operation("POST", "/api/notifications/{id}/read", notifications.read_notification, SIGNED_IN, status=204),
    Operation("POST", "/api/notifications/read-all", notifications.read_all, SIGNED_IN, status=204),
    Operation("GET", "/api/notifications/preferences", notifications.get_preferences, SIGNED_IN, answers=n.Preferences),
    Operation(
        "PUT", "/api/notifications/preferences", notifications.put_preferences, SIGNED_IN,
        body=n.Preferences, answers=n.Preferences,
    ),
    # Webhooks
    Operation("GET", "/api/webhooks", webhooks.list_webhooks, Registered(), query=PageQuery, answers=Page[w.Webhook]),
    # Not `creates`: its answer holds a secret, which must not be kept.
    Operation(
        "POST", "/api/webhooks", webhooks.create_webhook, Registered(),
        body=w.WebhookRequest, answers=w.WebhookSecret, status=201,
    ),
    Operation("GET", "/api/webhooks/{id}", webhooks.get_webhook, Registered(), answers=w.Webhook),
    Operation(
        "PATCH", "/api/webhooks/{id}", webhooks.change_webhook, Registered(), body=w.WebhookChange, answers=w.Webhook
    ),
    Operation("DELETE", "/api/webhooks/{id}", webhooks.delete_webhook, Registered(), status=204),
    Operation("POST", "/api/webhooks/{id}/rotate", webhooks.rotate_webhook, Registered(), answers=w.WebhookSecret),
    Operation("POST", "/api/webhooks/{id}/test", webhooks.test_webhook, Registered(), answers=w.Delivery, status=202),
    Operation(
        "GET", "/api/webhooks/{id}/deliveries", webhooks.list_deliveries, Registered(),
        query=PageQuery, answers=Page[w.Delivery],
    ),
    # Audit
    Operation(
        "GET", "/api/admin/audit", audit.list_audit, SiteAdmin(),
        query=au.AuditQuery, answers=Page[au.AuditEntry], scope="admin",
    ),
    # The instance
    Operation("GET", "/api/admin/health", admin.show_health, SITE_ADMIN, answers=ad.InstanceHealth, scope="admin"),
    Operation(
        "GET", "/api/admin/rooms", admin_rooms.list_rooms, SITE_ADMIN,
        query=PageQuery, answers=ad.LiveRooms, scope="admin",
    ),
    Operation(
        "POST", "/api/admin/rooms/{id}/drain", admin_rooms.drain_room, SITE_ADMIN, answers=ad.Drained, scope="admin"
    ),
    Operation(
        "GET", "/api/admin/jobs", admin.list_jobs, SITE_ADMIN, query=ad.JobsQuery, answers=ad.Jobs, scope="admin"
    ),
    Operation(
        "GET", "/api/admin/rate-limits", admin.show_rate_limits, SITE_ADMIN, answers=ad.RateLimits, scope="admin"
    ),
)  # fmt: skip
