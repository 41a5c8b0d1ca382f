"""Every operation of the REST side: method, path, function, who may call it, what it takes and answers.

Read by gateway/routes/__init__.py (the URLs), gateway/openapi.py (their description) and tests/rest/test_matrix.py
(who may). Paths of the product briefs stand here exactly as the briefs write them.
"""

from typing import Final

from gateway.operation import Operation
from gateway.permissions import Anyone, InProject, SignedIn
from gateway.routes import auth, projects
from schemas import accounts as a
from schemas import projects as p
from schemas.roles import Role

ANYONE, SIGNED_IN = Anyone(), SignedIn()
VIEWER, PUBLIC_VIEWER = InProject(Role.VIEWER), InProject(Role.VIEWER, public=True)

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
)  # fmt: skip
