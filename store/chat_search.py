"""Chats by their words: those with all of them in the title or in one message. Called by gateway/routes/chats.py.

    walk     along the latest chats, so many messages at most: finds a page where many match
    gather   all that match from the index of words and marks: where the walk found too few, few match

The rows of `chat_search` are written by triggers (0027_chat_search.sql).
"""

from typing import Final
from uuid import UUID

from store.chats import COLUMNS, OF_PROJECT, OF_USER, ChatRow, place_in
from store.postgres import Queries
from store.search_words import search_query, search_words

WALK: Final = 500
"""Chats of one walk."""
WALK_MESSAGES: Final = 20_000
"""And messages in them: some 50 ms. The latest chat is looked into whatever it has."""


async def search_chats(
    db: Queries, user_id: UUID, project_id: UUID | None, q: str, before: tuple[str, UUID], limit: int
) -> list[ChatRow]:
    """Those of `list_chats` with all words of `q`, or their beginnings."""
    if not search_words(q):
        return []
    mark = f"':u:{user_id}'" if project_id is None else f"':p:{project_id}'"
    words: dict[str, object] = {"words": search_query(q), "mark": mark, "walk": WALK, "messages": WALK_MESSAGES}
    params = words | place_in(user_id, project_id, before, limit)
    whose = OF_USER if project_id is None else OF_PROJECT
    rows = await db.rows(ChatRow, _WALK_OF[whose], params)
    return rows if len(rows) >= limit else await db.rows(ChatRow, _GATHER_OF[whose], params)


_ASKED: Final = "(to_tsquery('simple', %(words)s) && %(mark)s::tsquery)"
# Subqueries with OFFSET 0 rather than joins: the planner must look up the few, and never read a whole index for them.
_WALK: Final = f"""
    WITH latest AS MATERIALIZED (
        SELECT {COLUMNS} FROM chats WHERE {{whose}} ORDER BY updated_at DESC, id DESC LIMIT %(walk)s
    ), walked AS MATERIALIZED (
        SELECT latest.*, sum(message_count) OVER (ORDER BY updated_at DESC, id DESC) - message_count AS before
        FROM latest
    )
    SELECT {COLUMNS} FROM walked
    WHERE before < %(messages)s AND (
        SELECT bool_or(mine.words @@ {_ASKED})
        FROM (SELECT words FROM chat_search WHERE chat_id = walked.id OFFSET 0) AS mine)
    ORDER BY updated_at DESC, id DESC LIMIT %(limit)s
"""
_GATHER: Final = f"""
    WITH found AS MATERIALIZED (SELECT DISTINCT chat_id FROM chat_search WHERE words @@ {_ASKED})
    SELECT {COLUMNS}
    FROM found CROSS JOIN LATERAL (SELECT * FROM chats WHERE id = found.chat_id OFFSET 0) AS chats
    WHERE {{whose}} ORDER BY updated_at DESC, id DESC LIMIT %(limit)s
"""
_WALK_OF: Final = {whose: _WALK.format(whose=whose) for whose in (OF_USER, OF_PROJECT)}
_GATHER_OF: Final = {whose: _GATHER.format(whose=whose) for whose in (OF_USER, OF_PROJECT)}
