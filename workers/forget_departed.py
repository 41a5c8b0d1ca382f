"""Chore: what people who left had said to models by themselves goes within minutes. Run by chores.py.

Safe to repeat and to run in several workers at once: each statement forgets what is still there. Answers first: once
their chats are gone, only their people lead to them.
"""

from typing import Final

from store.ai_departures import forget_answers, remove_chats, remove_feedback
from store.postgres import Postgres

DAYS: Final = 40
"""Since they left: a worker may have been off for a while."""
CHATS_AT_ONCE: Final = 5
"""Of one statement: each may have 10,000 messages, which take a second."""


async def forget_departed(postgres: Postgres, limit: int) -> int:
    """One round; how many things went. Raises StoreUnavailable."""
    gone = await forget_answers(postgres, DAYS, limit)
    gone += await remove_feedback(postgres, DAYS, limit)
    while gone < limit and (chats := await remove_chats(postgres, DAYS, CHATS_AT_ONCE)):
        gone += chats
    return gone
