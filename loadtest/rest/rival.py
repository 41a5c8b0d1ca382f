"""What most teams would write instead: the same three operations in FastAPI, asyncpg and uvicorn, on the same tables.

Run by bench.py as `uvicorn loadtest.rest.rival:app`, with uvloop and httptools, one process. It does what Atrium does
for these requests and no more: it verifies the same access token, looks up the session and the membership, answers the
same fields. Unlike Atrium it counts no rate limits, keeps no history and tells nobody what happened.
"""

import json
import os
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any

import asyncpg
import jwt
from fastapi import Depends, FastAPI, Header, HTTPException, Query, Request
from pydantic import BaseModel, ConfigDict, Field

SECRET = os.environ["ATRIUM_SECRET"]


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """One pool, as large as Atrium's."""
    app.state.pool = await asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=1, max_size=10)
    yield
    await app.state.pool.close()


app = FastAPI(lifespan=lifespan)


class Summary(BaseModel):
    """A project in a list."""

    id: uuid.UUID
    name: str
    description: str
    kind: str
    visibility: str
    is_public: bool
    owner_id: uuid.UUID
    role: str | None
    version: int
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None


class Project(Summary):
    """A project as one of its members sees it."""

    preview_html: str | None
    settings: dict[str, Any]


class Page(BaseModel):
    """Some of a list."""

    items: list[Summary]
    next_cursor: str | None


class FileRequest(BaseModel):
    """A new text file."""

    model_config = ConfigDict(extra="forbid")
    path: str = Field(min_length=1, max_length=1024)


class File(BaseModel):
    """A file of a project."""

    id: uuid.UUID
    project_id: uuid.UUID
    path: str
    kind: str
    media_type: str
    size: int
    sha256: str | None
    version: int
    created_by: uuid.UUID | None
    updated_by: uuid.UUID | None
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None


async def caller(request: Request, authorization: Annotated[str, Header()]) -> uuid.UUID:
    """The user of an access token whose session is good."""
    try:
        claims = jwt.decode(
            authorization.removeprefix("Bearer "), SECRET, algorithms=["HS256"], audience="atrium", issuer="atrium"
        )
    except jwt.PyJWTError:
        raise HTTPException(401) from None
    found = await request.app.state.pool.fetchval(
        """
        SELECT users.id FROM sessions JOIN users ON users.id = sessions.user_id
        WHERE sessions.id = $1 AND sessions.revoked_at IS NULL AND sessions.expires_at > now()
          AND users.status = 'active'
        """,
        uuid.UUID(claims["sid"]),
    )
    if found is None:
        raise HTTPException(401)
    return uuid.UUID(str(found))


Caller = Annotated[uuid.UUID, Depends(caller)]
SUMMARY = """projects.id, projects.name, projects.description, projects.kind, projects.visibility,
             projects.visibility = 'public' AS is_public, projects.owner_id, project_members.role, projects.version,
             projects.created_at, projects.updated_at, projects.deleted_at"""


@app.get("/api/projects/{project_id}")
async def get_project(request: Request, project_id: uuid.UUID, user: Caller) -> Project:
    """One project."""
    row = await request.app.state.pool.fetchrow(
        f"""
        SELECT {SUMMARY}, projects.preview_html, projects.settings FROM projects
        JOIN project_members ON project_members.project_id = projects.id AND project_members.user_id = $2
        WHERE projects.id = $1 AND projects.deleted_at IS NULL
        """,
        project_id,
        user,
    )
    if row is None:
        raise HTTPException(404)
    return Project(**dict(row) | {"settings": json.loads(row["settings"])})


@app.get("/api/projects")
async def list_projects(request: Request, user: Caller, limit: Annotated[int, Query(ge=1, le=100)] = 50) -> Page:
    """The caller's projects, the latest first."""
    rows = await request.app.state.pool.fetch(
        f"""
        SELECT {SUMMARY} FROM project_members
        JOIN projects ON projects.id = project_members.project_id
        WHERE project_members.user_id = $1 AND project_members.project_deleted_at IS NULL
        ORDER BY project_members.project_updated_at DESC, project_members.project_id DESC LIMIT $2
        """,
        user,
        limit + 1,
    )
    items = [Summary(**dict(row)) for row in rows[:limit]]
    return Page(items=items, next_cursor=str(items[-1].id) if len(rows) > limit else None)


@app.post("/api/projects/{project_id}/files", status_code=201)
async def create_file(request: Request, project_id: uuid.UUID, body: FileRequest, user: Caller) -> File:
    """A new text file."""
    file_id = uuid.UUID(int=(int(time.time() * 1000) << 80) | (uuid.uuid4().int & ((1 << 80) - 1)))
    name = f"{project_id}/{body.path}"
    async with request.app.state.pool.acquire() as connection, connection.transaction():
        role = await connection.fetchval(
            "SELECT role FROM project_members WHERE project_id = $1 AND user_id = $2", project_id, user
        )
        if role not in ("owner", "admin", "editor"):
            raise HTTPException(403)
        await connection.execute("INSERT INTO documents (name, project_id) VALUES ($1, $2)", name, project_id)
        row: Any = await connection.fetchrow(
            """
            INSERT INTO files (id, project_id, path, kind, document, media_type, created_by, updated_by)
            VALUES ($1, $2, $3, 'text', $4, 'text/plain', $5, $5)
            RETURNING id, project_id, path, kind, media_type, size, null AS sha256, version, created_by, updated_by,
                      created_at, updated_at, deleted_at
            """,
            file_id,
            project_id,
            body.path,
            name,
            user,
        )
        await connection.execute(
            """
            INSERT INTO happenings (topic, kind, project_id, file_id, actor_id, data, told)
            VALUES ($1, 'file.created', $2, $3, $4, $5, true)
            """,
            f"project:{project_id}",
            project_id,
            file_id,
            user,
            json.dumps({"path": body.path}),
        )
    return File(**dict(row))
