"""Every operation of the REST side: method, path, function, who may call it, what it takes and answers.

Read by gateway/routes/__init__.py (the URLs), gateway/openapi.py (their description) and tests/rest/test_matrix.py
(who may). Paths of the product briefs stand here exactly as the briefs write them.
"""

from typing import Final

from gateway.operation import Operation
from gateway.permissions import Anyone, InProject, Registered, SignedIn, SiteAdmin
from gateway.routes import audit, auth, files, notifications, projects, webhooks
from schemas import accounts as a
from schemas import audit as au
from schemas import files as f
from schemas import notifications as n
from schemas import projects as p
from schemas import webhooks as w
from schemas.pages import Page, PageQuery
from schemas.roles import Role

ANYONE, SIGNED_IN = Anyone(), SignedIn()
VIEWER, PUBLIC_VIEWER = InProject(Role.VIEWER), InProject(Role.VIEWER, public=True)
EDITOR = InProject(Role.EDITOR)
FILE_VIEWER, FILE_PUBLIC_VIEWER = InProject(Role.VIEWER, of="file"), InProject(Role.VIEWER, public=True, of="file")
FILE_EDITOR = InProject(Role.EDITOR, of="file")

TABLE: Final[tuple[Operation, ...]] = (
    # Accounts
    Operation(
        "POST", "/api/auth/guest", auth.create_guest, ANYONE,
        body=a.GuestRequest, optional_body=True, answers=a.AccessGranted, status=201, limit="guests",
    ),
    # Projects
    Operation(
        "POST", "/api/projects", projects.create_project, SIGNED_IN,
        body=p.ProjectRequest, answers=p.Project, status=201, creates=True,
    ),
    Operation(
        "POST", "/api/projects/{id}/token", projects.create_room_token, PUBLIC_VIEWER,
        body=p.RoomTokenRequest, optional_body=True, answers=p.RoomTokenGranted, limit="room-tokens",
    ),
    # Files
    Operation(
        "GET", "/api/projects/{id}/files", files.list_files, PUBLIC_VIEWER, also=("/api/files",),
        query=f.FilesQuery, answers=Page[f.File],
    ),
    Operation(
        "POST", "/api/projects/{id}/files", files.create_file, EDITOR, also=("/api/files",),
        query=f.ProjectIdQuery, body=f.FileRequest, body_bytes=f.REQUEST_BYTES,
        answers=f.File, status=201, creates=True,
    ),
    Operation("GET", "/api/files/{id}", files.get_file, FILE_PUBLIC_VIEWER, answers=f.File),
    Operation("PUT", "/api/files/{id}", files.change_file, FILE_EDITOR, body=f.FileChange, answers=f.File),
    Operation("PATCH", "/api/files/{id}", files.change_file, FILE_EDITOR, body=f.FileChange, answers=f.File),
    Operation("DELETE", "/api/files/{id}", files.delete_file, FILE_EDITOR, status=204),
    Operation(
        "POST", "/api/files/{id}/restore", files.restore_file, FILE_EDITOR,
        body=f.FileRestore, optional_body=True, answers=f.File,
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
)  # fmt: skip
