"""What people who left had said to models by themselves: one function per query. Called by workers/forget_departed.py.

Each looks for those who left within so many days, and removes a bounded number. What they said in chats of projects
stays with the projects, as their files do.
"""

from store.postgres import Queries


async def forget_answers(db: Queries, days: int, limit: int) -> int:
    """What they asked outside of projects, and what was answered; what it took stays. How many answers."""
    return await db.execute(
        """
        UPDATE streams SET forgotten = true WHERE id = ANY(ARRAY(
            SELECT streams.id FROM users JOIN streams ON streams.user_id = users.id
            WHERE users.status = 'deleted' AND users.deleted_at > now() - make_interval(days => %(days)s)
              AND streams.project_id IS NULL AND NOT streams.forgotten AND streams.ended_at IS NOT NULL
            LIMIT %(limit)s
        ))
        """,
        {"days": days, "limit": limit},
    )


async def remove_chats(db: Queries, days: int, limit: int) -> int:
    """Their own chats, with their messages. How many."""
    return await db.execute(
        """
        DELETE FROM chats WHERE id = ANY(ARRAY(
            SELECT chats.id FROM users JOIN chats ON chats.user_id = users.id
            WHERE users.status = 'deleted' AND users.deleted_at > now() - make_interval(days => %(days)s)
              AND chats.project_id IS NULL
            LIMIT %(limit)s
        ))
        """,
        {"days": days, "limit": limit},
    )


async def remove_feedback(db: Queries, days: int, limit: int) -> int:
    """What they said of answers, in others' chats too. How many."""
    return await db.execute(
        """
        DELETE FROM message_feedback WHERE (message_id, user_id) IN (
            SELECT message_feedback.message_id, message_feedback.user_id
            FROM users JOIN message_feedback ON message_feedback.user_id = users.id
            WHERE users.status = 'deleted' AND users.deleted_at > now() - make_interval(days => %(days)s)
            LIMIT %(limit)s
        )
        """,
        {"days": days, "limit": limit},
    )
