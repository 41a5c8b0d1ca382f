"""Every operation of the REST side: method, path, function, who may call it, what it takes and answers.

Read by gateway/routes/__init__.py (the URLs), gateway/openapi.py (their description) and tests/rest/test_matrix.py
(who may). Paths of the product briefs stand here exactly as the briefs write them.
"""

from typing import Final

from gateway.operation import Operation
from gateway.permissions import Anyone, InProject, Registered, SignedIn, SiteAdmin
from gateway.routes import (
    admin,
    audit,
    collaboration,
    invites,
    members,
    notifications,
    projects,
    webhooks,
)
from gateway.routes.table_accounts import ACCOUNTS
from gateway.routes.table_files import FILES
from gateway.routes.table_texts import TEXTS
from schemas import admin as ad
from schemas import audit as au
from schemas import collaboration as co
from schemas import members as m
from schemas import notifications as n
from schemas import projects as p
from schemas import webhooks as w
from schemas.pages import Page, PageQuery
from schemas.roles import Role

ANYONE, SIGNED_IN, REGISTERED = Anyone(), SignedIn(), Registered()
VIEWER, PUBLIC_VIEWER = InProject(Role.VIEWER), InProject(Role.VIEWER, public=True)
EDITOR = InProject(Role.EDITOR)
ADMIN, ADMIN_OR_SELF = InProject(Role.ADMIN), InProject(Role.ADMIN, self_too=True)
OWNER, OWNER_OF_DELETED = InProject(Role.OWNER), InProject(Role.OWNER, deleted=True)
SITE_ADMIN = SiteAdmin()
SESSION_VIEWER = InProject(Role.VIEWER, of="collaboration")
SESSION_EDITOR = InProject(Role.EDITOR, of="collaboration")

TABLE: Final[tuple[Operation, ...]] = (
    # Accounts
    *ACCOUNTS,
    # Projects
    Operation(
        "GET", "/api/projects", projects.list_projects, SIGNED_IN,
        query=p.ProjectsQuery, answers=Page[p.ProjectSummary],
    ),
    Operation(
        "POST", "/api/projects", projects.create_project, SIGNED_IN,
        body=p.ProjectRequest, body_bytes=p.BODY_BYTES, answers=p.Project, status=201, creates=True,
    ),
    Operation(
        "GET", "/api/projects/public", projects.list_public_projects, ANYONE,
        query=p.GalleryQuery, answers=Page[p.ProjectSummary],
    ),
    Operation(
        "GET", "/api/projects/{id}", projects.get_project, PUBLIC_VIEWER,
        query=p.ProjectQuery, answers=p.Project,
    ),
    Operation(
        "PUT", "/api/projects/{id}", projects.update_project, EDITOR,
        body=p.ProjectChange, body_bytes=p.BODY_BYTES, answers=p.Project,
    ),
    Operation(
        "PATCH", "/api/projects/{id}", projects.update_project, EDITOR,
        body=p.ProjectChange, body_bytes=p.BODY_BYTES, answers=p.Project,
    ),
    Operation("DELETE", "/api/projects/{id}", projects.delete_project, OWNER, status=204),
    Operation("POST", "/api/projects/{id}/restore", projects.restore_project, OWNER_OF_DELETED, answers=p.Project),
    # Members
    Operation(
        "GET", "/api/projects/{id}/members", members.list_members, VIEWER,
        query=m.MembersQuery, answers=Page[m.Member],
    ),
    Operation(
        "POST", "/api/projects/{id}/members", members.add_member, ADMIN,
        body=m.MemberRequest, answers=m.Member, status=201, creates=True,
    ),
    Operation(
        "PATCH", "/api/projects/{id}/members/{user_id}", members.change_member, ADMIN_OR_SELF,
        body=m.MemberChange, answers=m.Member,
    ),
    Operation("DELETE", "/api/projects/{id}/members/{user_id}", members.remove_member, ADMIN_OR_SELF, status=204),
    # Invitations
    Operation(
        "GET", "/api/projects/{id}/invites", invites.list_invites, ADMIN,
        query=m.InvitesQuery, answers=Page[m.Invite],
    ),
    Operation(
        "POST", "/api/projects/{id}/invites", invites.create_invite, ADMIN,
        body=m.InviteRequest, answers=m.Invite, status=201, creates=True,
    ),
    Operation("DELETE", "/api/projects/{id}/invites/{invite_id}", invites.revoke_invite, ADMIN, status=204),
    Operation("POST", "/api/invites/{token}/accept", invites.accept_invite, REGISTERED, answers=m.InviteAccepted),
    Operation(
        "POST", "/api/projects/{id}/token", projects.create_room_token, PUBLIC_VIEWER,
        body=p.RoomTokenRequest, optional_body=True, answers=p.RoomTokenGranted, limit="room-tokens", scope="live",
    ),
    *FILES,
    *TEXTS,
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
        answers=co.Joined, limit="room-tokens",
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
        "GET", "/api/admin/rooms", admin.list_rooms, SITE_ADMIN,
        query=PageQuery, answers=Page[ad.LiveRoom], scope="admin",
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
