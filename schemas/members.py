"""Bodies of the members and invitations of a project. Used by gateway/routes/{members,invites}.py."""

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from schemas.pages import PageQuery
from schemas.patterns import END
from schemas.roles import Role

INVITE_SECONDS: Final = 7 * 24 * 3600  # a week, as long as people take to read their mail
INVITE_SECONDS_MAX: Final = 30 * 24 * 3600

# Whatever has an @ between two parts and no spaces: whether it exists, only a mail can tell. 254: RFC 5321, 4.5.3.1.
Email = Annotated[str, Meta(min_length=3, max_length=254, pattern=r"^[^\s@\x00-\x1f\x7f]+@[^\s@\x00-\x1f\x7f]+" + END)]


class Member(Struct, frozen=True, kw_only=True):
    """Somebody in a project."""

    user_id: UUID
    role: Role
    display_name: str
    username: str | None
    avatar_url: str | None
    is_guest: bool
    invited_by: UUID | None
    created_at: datetime  # when they became a member


class MemberRequest(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`POST /api/projects/{id}/members`: one of `user_id` and `email`, which must be the verified one of an account."""

    user_id: UUID | None = None
    email: Email | None = None
    role: Role


class MemberChange(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`PATCH /api/projects/{id}/members/{user_id}`. `hand_over`: an owner makes them the project's owner, and becomes
    an admin, in one step."""

    role: Role
    hand_over: bool = False


class MembersQuery(PageQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`GET /api/projects/{id}/members`: in the order in which they came."""


InviteState = Literal["open", "accepted", "revoked", "expired"]


class InviteRequest(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`POST /api/projects/{id}/invites`. With an address only its verified owner may accept; without one, whoever has
    the token, once."""

    role: Role
    email: Email | None = None
    expires_in: Annotated[int, Meta(ge=60, le=INVITE_SECONDS_MAX)] = INVITE_SECONDS


class Invite(Struct, frozen=True, kw_only=True):
    """An invitation, and what became of it. The token is shown once, to who made it."""

    id: UUID
    project_id: UUID
    role: Role
    email: str | None
    state: InviteState
    invited_by: UUID | None
    created_at: datetime
    expires_at: datetime
    accepted_by: UUID | None
    token: str | UnsetType = UNSET


class InvitesQuery(PageQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`GET /api/projects/{id}/invites`: the latest first, whatever became of them."""


class InviteAccepted(Struct, frozen=True, kw_only=True):
    """`POST /api/invites/{token}/accept`: the project and one's role in it now."""

    project_id: UUID
    role: Role
