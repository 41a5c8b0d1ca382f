"""What people said of answers, summed up by model and category for the choice of models (workers/ai/experience.py).

Read from the ratings as they stand, so one that was changed counts once, one that was taken back not at all, and
nothing has to be undone. Votes of a leaderboard would be read here, beside them.
"""

from dataclasses import dataclass

from store.postgres import Queries

RATINGS_READ = 50_000
"""The latest, at most, which bounds what a look costs PostgreSQL."""


@dataclass(frozen=True, slots=True)
class OpinionRow:
    """Sums, aged to now."""

    category: str
    model: str
    liked: float
    disliked: float


async def list_opinions(
    db: Queries, seconds: float, half_life: float, person_most: float, guest_share: float
) -> list[OpinionRow]:
    """Of ratings not older than `seconds`, each half as much after `half_life`; nobody counts for more than
    `person_most` in any sum, and guests for a share of that (ai_router/evidence.py)."""
    return await db.rows(
        OpinionRow,
        """
        WITH latest AS (
            SELECT category, model, user_id, rating,
                   power(0.5, greatest(extract(epoch FROM now() - created_at)::float8, 0) / %(half_life)s) AS weight
            FROM message_feedback WHERE created_at > now() - make_interval(secs => %(seconds)s)
            ORDER BY created_at DESC LIMIT %(limit)s
        ), people AS (
            SELECT category, model, user_id,
                   coalesce(sum(weight) FILTER (WHERE rating > 0), 0) AS liked,
                   coalesce(sum(weight) FILTER (WHERE rating < 0), 0) AS disliked
            FROM latest WHERE category IS NOT NULL AND model IS NOT NULL GROUP BY category, model, user_id
        ), shares AS (
            SELECT category, model, liked, disliked,
                   least(1, %(person_most)s / (liked + disliked))
                   * CASE WHEN users.is_guest THEN %(guest_share)s ELSE 1 END AS share
            FROM people JOIN users ON users.id = people.user_id
        )
        SELECT category, model, sum(liked * share)::float8 AS liked, sum(disliked * share)::float8 AS disliked
        FROM shares GROUP BY category, model
        """,
        {
            "seconds": seconds,
            "half_life": half_life,
            "person_most": person_most,
            "guest_share": guest_share,
            "limit": RATINGS_READ,
        },
    )
