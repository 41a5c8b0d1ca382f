"""Pages of projects: somebody's own and shared ones, their deleted ones, and everybody's public ones.

Any page costs about the same, whether somebody has 50 projects or 100,000, in two steps:

    walk     along the index of the order asked for, WALK rows at most: finds a page where many projects match
    gather   all that match from the index of words and marks: where the walk found too few, few match

Without a filter the walk alone is the page. Called by gateway/routes/projects.py.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from store.postgres import Queries
from store.projects import KEEP_DELETED_DAYS
from store.search_words import search_query, search_words

WALK: Final = 1_000
"""Rows of one walk: some 5 ms; where fewer than a page of them match, gathering costs about as much."""

Order = Literal["updated", "created", "name"]

FIRST_ID: Final = UUID(int=0)
LAST_ID: Final = UUID(int=(1 << 128) - 1)
LATEST: Final = "infinity"
"""After all times, as PostgreSQL writes it."""


@dataclass(frozen=True, slots=True)
class ListedRow:
    """A project in a list."""

    id: UUID
    owner_id: UUID
    name: str
    description: str
    kind: str
    visibility: str
    version: int
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    role_name: str | None  # of whose list it is
    sort_name: str
    walked: int


@dataclass(frozen=True, slots=True)
class After:
    """The last project of the page before; of these the order's own are used."""

    id: UUID
    at: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of somebody's projects; None: whichever."""

    text: str | None = None
    visibility: str | None = None
    kind: str | None = None
    role: str | None = None

    @property
    def is_all(self) -> bool:
        """Whether nothing is left out."""
        return (self.text, self.visibility, self.kind, self.role) == (None, None, None, None)

    @property
    def is_nothing(self) -> bool:
        """Whether the text has no word that anything could match."""
        return self.text is not None and not search_words(self.text)

    def query(self, user: UUID | None) -> str:
        """As a tsquery over project_search: of a user's projects, or of the public ones."""
        marks = [":v:public"] if user is None else [f":u:{user}" if self.role is None else f":r:{self.role}:{user}"]
        if self.visibility is not None and user is not None:
            marks.append(f":v:{self.visibility}")
        if self.kind is not None:
            marks.append(f":k:{self.kind}")
        return search_query(self.text or "", *marks)


START: Final[dict[Order, After]] = {
    "updated": After(LAST_ID, at=LATEST),
    "created": After(LAST_ID),
    "name": After(FIRST_ID),
}

_COLUMNS: Final = """
    projects.id, projects.owner_id, projects.name, projects.description, projects.kind, projects.visibility,
    projects.version, projects.created_at, projects.updated_at, projects.deleted_at
"""

# What order, and what comes after the last page's end in it; the columns are those of project_members.
_ORDERS: Final[dict[Order, tuple[str, str]]] = {
    "updated": (
        "project_updated_at DESC, project_id DESC",
        "(project_updated_at, project_id) < (%(at)s::timestamptz, %(id)s)",
    ),
    "created": ("project_id DESC", "project_id < %(id)s"),
    "name": ("project_name, project_id", "(project_name, project_id) > (%(name)s, %(id)s)"),
}

_WALK: Final = """
    WITH walked AS MATERIALIZED (
        SELECT project_id, role, project_updated_at, project_name FROM project_members
        WHERE user_id = %(user)s AND project_deleted_at IS NULL AND {after}
        ORDER BY {order} LIMIT %(walk)s
    )
    SELECT {columns}, walked.role AS role_name, walked.project_name AS sort_name,
           (SELECT count(*) FROM walked) AS walked
    FROM walked JOIN projects ON projects.id = walked.project_id
    {where}
    ORDER BY {order} LIMIT %(limit)s
"""
# A subquery rather than a join: the planner must look up the walked ones, and never read the whole index for them.
_MATCHING: Final = """
    WHERE (SELECT words FROM project_search WHERE project_search.project_id = walked.project_id) @@ %(query)s::tsquery
"""
# OFFSET 0 for the same reason: the planner thinks that words match more than they do.
_GATHER: Final = """
    WITH found AS MATERIALIZED (
        SELECT project_id AS found_id FROM project_search WHERE words @@ %(query)s::tsquery
    ), shown AS MATERIALIZED (
        SELECT project_id, role, project_updated_at, project_name
        FROM found CROSS JOIN LATERAL (
            SELECT project_id, role, project_updated_at, project_name, project_deleted_at FROM project_members
            WHERE project_id = found_id AND user_id = %(user)s OFFSET 0
        ) AS mine
        WHERE project_deleted_at IS NULL AND {after}
        ORDER BY {order} LIMIT %(limit)s
    )
    SELECT {columns}, shown.role AS role_name, shown.project_name AS sort_name, 0::bigint AS walked
    FROM shown JOIN projects ON projects.id = shown.project_id
    ORDER BY {order}
"""


def _sql(template: str, order: Order, where: str = "") -> str:
    by, after = _ORDERS[order]
    return template.format(order=by, after=after, columns=_COLUMNS, where=where)


_ALL: Final = {order: _sql(_WALK, order) for order in _ORDERS}
_SOME: Final = {order: _sql(_WALK, order, _MATCHING) for order in _ORDERS}
_FEW: Final = {order: _sql(_GATHER, order) for order in _ORDERS}

_PUBLIC_WALK: Final = """
    WITH walked AS MATERIALIZED (
        SELECT id AS project_id, updated_at AS at FROM projects
        WHERE visibility = 'public' AND deleted_at IS NULL AND (updated_at, id) < (%(at)s::timestamptz, %(id)s)
        ORDER BY updated_at DESC, id DESC LIMIT %(walk)s
    )
    SELECT {columns}, NULL AS role_name, '' AS sort_name, (SELECT count(*) FROM walked) AS walked
    FROM walked JOIN projects ON projects.id = walked.project_id
    {where}
    ORDER BY at DESC, project_id DESC LIMIT %(limit)s
"""
_PUBLIC_ALL: Final = _PUBLIC_WALK.format(columns=_COLUMNS, where="")
_PUBLIC_SOME: Final = _PUBLIC_WALK.format(columns=_COLUMNS, where=_MATCHING)
_PUBLIC_FEW: Final = f"""
    WITH found AS MATERIALIZED (
        SELECT project_id FROM project_search WHERE words @@ %(query)s::tsquery
    )
    SELECT {_COLUMNS}, NULL AS role_name, '' AS sort_name, 0::bigint AS walked
    FROM found CROSS JOIN LATERAL (SELECT * FROM projects WHERE id = found.project_id OFFSET 0) AS projects
    WHERE visibility = 'public' AND deleted_at IS NULL AND (updated_at, id) < (%(at)s::timestamptz, %(id)s)
    ORDER BY updated_at DESC, id DESC LIMIT %(limit)s
"""


async def list_projects(
    db: Queries, user_id: UUID, wanted: Wanted, order: Order, after: After | None, limit: int
) -> list[ListedRow]:
    """The projects of which somebody is a member, deleted ones left out."""
    after = after or START[order]
    params = {"user": user_id, "at": after.at, "id": after.id, "name": after.name, "limit": limit}
    if wanted.is_all:
        return await db.rows(ListedRow, _ALL[order], {**params, "walk": limit})
    if wanted.is_nothing:
        return []
    return await _two_steps(db, _SOME[order], _FEW[order], {**params, "query": wanted.query(user_id)}, limit)


async def list_public(db: Queries, wanted: Wanted, after: After | None, limit: int) -> list[ListedRow]:
    """Everybody's public projects, the latest first."""
    after = after or START["updated"]
    params = {"at": after.at, "id": after.id, "limit": limit}
    if wanted.is_all:
        return await db.rows(ListedRow, _PUBLIC_ALL, {**params, "walk": limit})
    if wanted.is_nothing:
        return []
    return await _two_steps(db, _PUBLIC_SOME, _PUBLIC_FEW, {**params, "query": wanted.query(None)}, limit)


async def list_deleted(db: Queries, user_id: UUID, after: After | None, limit: int) -> list[ListedRow]:
    """The deleted projects that somebody owns and can restore, the latest first."""
    after = after or START["updated"]
    return await db.rows(
        ListedRow,
        f"""
        SELECT {_COLUMNS}, project_members.role AS role_name, project_name AS sort_name, 0::bigint AS walked
        FROM project_members JOIN projects ON projects.id = project_id
        WHERE user_id = %(user)s AND role = 'owner' AND project_deleted_at > now() - make_interval(days => %(days)s)
          AND (project_deleted_at, project_id) < (%(at)s::timestamptz, %(id)s)
        ORDER BY project_deleted_at DESC, project_id DESC LIMIT %(limit)s
        """,
        {"user": user_id, "at": after.at, "id": after.id, "limit": limit, "days": KEEP_DELETED_DAYS},
    )


async def _two_steps(db: Queries, walk: str, gather: str, params: dict[str, object], limit: int) -> list[ListedRow]:
    rows = await db.rows(ListedRow, walk, {**params, "walk": WALK})
    if len(rows) == limit or (rows and rows[0].walked < WALK):
        return rows
    return await db.rows(ListedRow, gather, params)
