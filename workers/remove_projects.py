"""Chore: remove projects for good that were deleted a month ago, and forget their documents' logs.

Safe to repeat, to break off anywhere, and to run in several workers: each statement removes what is still there, and a
log whose document is gone is forgotten by the next sweep anyway.
"""

from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

import structlog

from schemas.documents import DocumentName
from store.postgres import Postgres
from store.project_removal import (
    find_removable,
    remove_answers,
    remove_chats,
    remove_documents,
    remove_files,
    remove_happenings,
    remove_project,
)

logger = structlog.get_logger("workers")
PROJECTS: Final = 20
"""Of one round."""
DOCUMENTS: Final = 50
"""Of one statement: each may have 20 MB of history."""
CHATS: Final = 5
"""Of one statement: each may have 10,000 messages."""
ROWS: Final = 1_000
"""Of one statement that removes small ones."""

Forget = Callable[[DocumentName], Awaitable[None]]


async def remove_projects(postgres: Postgres, forget: Forget) -> int:
    """How many were removed. Raises Unavailable."""
    found = await find_removable(postgres, PROJECTS)
    for project in found:
        await _remove(postgres, forget, project)
        logger.info("project removed", project=str(project))
    return len(found)


async def _remove(postgres: Postgres, forget: Forget, project: UUID) -> None:
    while names := await remove_documents(postgres, project, DOCUMENTS):
        for name in names:
            await forget(name)
    while await remove_files(postgres, project, ROWS):
        pass
    while await remove_chats(postgres, project, CHATS):
        pass
    while await remove_answers(postgres, project, ROWS):
        pass
    while await remove_happenings(postgres, project, ROWS):
        pass
    await remove_project(postgres, project)
