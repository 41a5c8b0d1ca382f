"""The operations of projects, their members and invitations. Part of the one table, which is table.py."""

from typing import Final

from gateway.operation import Operation
from gateway.permissions import Anyone, InProject, Registered, SignedIn
from gateway.routes import changes, duplicates, invites, members, projects
from schemas import members as m
from schemas import projects as p
from schemas.pages import Page
from schemas.roles import Role

VIEWER, PUBLIC_VIEWER = InProject(Role.VIEWER), InProject(Role.VIEWER, public=True)
EDITOR = InProject(Role.EDITOR)
ADMIN, ADMIN_OR_SELF = InProject(Role.ADMIN), InProject(Role.ADMIN, self_too=True)
OWNER, OWNER_OF_DELETED = InProject(Role.OWNER), InProject(Role.OWNER, deleted=True)

PROJECTS: Final[tuple[Operation, ...]] = (
    # Projects
    Operation(
        "GET", "/api/projects", projects.list_projects, SignedIn(),
        query=p.ProjectsQuery, answers=Page[p.ProjectSummary],
    ),
    Operation(
        "POST", "/api/projects", projects.create_project, SignedIn(),
        body=p.ProjectRequest, body_bytes=p.BODY_BYTES, answers=p.Project, status=201, creates=True,
    ),
    Operation(
        "GET", "/api/projects/public", projects.list_public_projects, Anyone(),
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
    Operation(
        "POST", "/api/projects/{id}/duplicate", duplicates.duplicate_project, PUBLIC_VIEWER,
        body=p.DuplicateRequest, optional_body=True, answers=p.Project, status=201, creates=True,
    ),
    Operation(
        "GET", "/api/projects/{id}/changes", changes.list_changes, VIEWER,
        query=p.ChangesQuery, answers=p.Changes,
    ),
    Operation(
        "POST", "/api/projects/{id}/token", projects.create_room_token, PUBLIC_VIEWER,
        body=p.RoomTokenRequest, optional_body=True, answers=p.RoomTokenGranted, limit="room-tokens", scope="live",
    ),
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
    # Not `creates`: its answer holds a secret, which must not be kept.
    Operation(
        "POST", "/api/projects/{id}/invites", invites.create_invite, ADMIN,
        body=m.InviteRequest, answers=m.Invite, status=201,
    ),
    Operation("DELETE", "/api/projects/{id}/invites/{invite_id}", invites.revoke_invite, ADMIN, status=204),
    Operation("POST", "/api/invites/{token}/accept", invites.accept_invite, Registered(), answers=m.InviteAccepted),
)  # fmt: skip
