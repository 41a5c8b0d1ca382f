"""What projects and persons may spend in a day with the server's key, where somebody said so. By REST."""

from dataclasses import dataclass
from uuid import UUID

from store.ai_holds import lock_user
from store.postgres import Queries


@dataclass(frozen=True, slots=True)
class _Budget:
    nano_usd: int


async def set_project_budget(db: Queries, project_id: UUID, nano_usd: int | None) -> None:
    """What a project may spend in a day; None: as much as its people may."""
    if nano_usd is None:
        await db.execute("DELETE FROM ai_project_budgets WHERE project_id = %(id)s", {"id": project_id})
        return
    await db.execute(
        """
        INSERT INTO ai_project_budgets (project_id, nano_usd) VALUES (%(id)s, %(nano_usd)s)
        ON CONFLICT (project_id) DO UPDATE SET nano_usd = excluded.nano_usd
        """,
        {"id": project_id, "nano_usd": nano_usd},
    )


async def find_project_budget(db: Queries, project_id: UUID) -> int | None:
    """What a project may spend in a day; None where nobody set it."""
    row = await db.row(_Budget, "SELECT nano_usd FROM ai_project_budgets WHERE project_id = %(id)s", {"id": project_id})
    return None if row is None else row.nano_usd


async def set_own_budget(db: Queries, user_id: UUID, nano_usd: int | None) -> bool:
    """What somebody wants to spend at most; None: what they may. False where there is no such user.

    Waits for the user's turn, so that whatever they ask for afterwards keeps to it.
    """
    if await lock_user(db, user_id) is None:
        return False
    await db.execute(
        """
        INSERT INTO ai_budgets (user_id, own_nano_usd) VALUES (%(id)s, %(nano_usd)s)
        ON CONFLICT (user_id) DO UPDATE SET own_nano_usd = excluded.own_nano_usd
        """,
        {"id": user_id, "nano_usd": nano_usd},
    )
    return True


async def set_admin_budget(db: Queries, user_id: UUID, nano_usd: int | None) -> bool:
    """The same by an administrator."""
    if await lock_user(db, user_id) is None:
        return False
    await db.execute(
        """
        INSERT INTO ai_budgets (user_id, admin_nano_usd) VALUES (%(id)s, %(nano_usd)s)
        ON CONFLICT (user_id) DO UPDATE SET admin_nano_usd = excluded.admin_nano_usd
        """,
        {"id": user_id, "nano_usd": nano_usd},
    )
    return True
