"""What is set aside for answers before they are asked for, in the transaction that adds them. By gateway/quota.py.

    lock the user's row (and the project's budget) ──► what is taken ──► enough left? ──► count the request, hold

Everybody who asks in one name waits for the lock, so that a sum that was read still holds when the hold is written.
"""

from dataclasses import dataclass
from uuid import UUID

from store.postgres import Queries


@dataclass(frozen=True, slots=True)
class Hold:
    """What is set aside for one stream; money in billionths of a USD."""

    stream_id: UUID
    user_id: UUID
    project_id: UUID | None
    own_key: bool
    """By a key of the user's own: no other may be used."""
    input: int
    """Tokens of the question, an upper estimate."""
    tokens: int
    """Of the answer too."""
    nano_usd: int
    """The most that it may cost."""


@dataclass(frozen=True, slots=True)
class TakenRow:
    """What a user had today, and is having."""

    requests: int
    tokens: int
    nano_usd: int
    held_tokens: int
    held_nano_usd: int
    streams: int
    own_budget: int | None
    """What the user wants to spend in a day at most; None where they did not say."""
    admin_budget: int | None
    """The same of administrators."""
    own_providers: list[str]
    """Where the user has keys of their own."""


@dataclass(frozen=True, slots=True)
class SpentRow:
    """What a project's people spent today, and what is set aside."""

    nano_usd: int
    held_nano_usd: int


@dataclass(frozen=True, slots=True)
class _Tier:
    tier: str


@dataclass(frozen=True, slots=True)
class _Budget:
    nano_usd: int


async def lock_user(db: Queries, user_id: UUID) -> str | None:
    """Wait for the user's turn; their tier. References to the user go on meanwhile."""
    row = await db.row(_Tier, "SELECT tier FROM users WHERE id = %(id)s FOR NO KEY UPDATE", {"id": user_id})
    return None if row is None else row.tier


async def lock_project_budget(db: Queries, project_id: UUID) -> int | None:
    """Wait for the project's turn; what it may spend in a day. None where nobody set a budget."""
    row = await db.row(
        _Budget, "SELECT nano_usd FROM ai_project_budgets WHERE project_id = %(id)s FOR UPDATE", {"id": project_id}
    )
    return None if row is None else row.nano_usd


async def taken(db: Queries, user_id: UUID) -> TakenRow:
    """In one statement: what ends meanwhile moves from one sum to the other."""
    row = await db.row(
        TakenRow,
        """
        SELECT coalesce(max(today.requests), 0)::bigint AS requests,
               coalesce(max(today.tokens), 0)::bigint AS tokens,
               coalesce(max(today.nano_usd), 0)::bigint AS nano_usd,
               coalesce(sum(holds.tokens) FILTER (WHERE NOT holds.own_key), 0)::bigint AS held_tokens,
               coalesce(sum(holds.nano_usd), 0)::bigint AS held_nano_usd,
               count(holds.stream_id) AS streams,
               max(budget.own_nano_usd) AS own_budget, max(budget.admin_nano_usd) AS admin_budget,
               ARRAY(SELECT DISTINCT provider FROM user_keys WHERE user_keys.user_id = %(user)s) AS own_providers
        FROM (SELECT %(user)s::uuid AS id) AS one
        LEFT JOIN ai_budgets AS budget ON budget.user_id = one.id
        LEFT JOIN ai_days AS today ON today.subject = one.id AND today.day = (now() AT TIME ZONE 'utc')::date
        LEFT JOIN ai_holds AS holds ON holds.user_id = one.id
        """,
        {"user": user_id},
    )
    assert row is not None  # an aggregate
    return row


async def project_spent(db: Queries, project_id: UUID) -> SpentRow:
    """The same of a project."""
    row = await db.row(
        SpentRow,
        """
        SELECT coalesce(max(today.nano_usd), 0)::bigint AS nano_usd,
               coalesce(sum(holds.nano_usd), 0)::bigint AS held_nano_usd
        FROM (SELECT %(project)s::uuid AS id) AS one
        LEFT JOIN ai_days AS today ON today.subject = one.id AND today.day = (now() AT TIME ZONE 'utc')::date
        LEFT JOIN ai_holds AS holds ON holds.project_id = one.id
        """,
        {"project": project_id},
    )
    assert row is not None  # an aggregate
    return row


async def hold(db: Queries, held: Hold) -> None:
    """Set aside, and count the request."""
    await db.execute(
        """
        WITH counted AS (
            INSERT INTO ai_days (subject, day, requests) VALUES (%(user)s, (now() AT TIME ZONE 'utc')::date, 1)
            ON CONFLICT (subject, day) DO UPDATE SET requests = ai_days.requests + 1
        )
        INSERT INTO ai_holds (stream_id, user_id, project_id, own_key, input, tokens, nano_usd)
        VALUES (%(stream)s, %(user)s, %(project)s, %(own_key)s, %(input)s, %(tokens)s, %(nano_usd)s)
        """,
        {
            "stream": held.stream_id,
            "user": held.user_id,
            "project": held.project_id,
            "own_key": held.own_key,
            "input": held.input,
            "tokens": held.tokens,
            "nano_usd": held.nano_usd,
        },
    )


async def find_hold(db: Queries, stream_id: UUID) -> Hold | None:
    """What is set aside for a stream; None once it has ended."""
    return await db.row(
        Hold,
        """
        SELECT stream_id, user_id, project_id, own_key, input, tokens, nano_usd FROM ai_holds
        WHERE stream_id = %(stream)s
        """,
        {"stream": stream_id},
    )


async def spend(db: Queries, stream_id: UUID, tokens: int, nano_usd: int) -> None:
    """So much of it is not set aside any more, but taken."""
    await db.execute(
        """
        UPDATE ai_holds
        SET tokens = greatest(tokens - %(tokens)s, 0), nano_usd = greatest(nano_usd - %(nano_usd)s, 0)
        WHERE stream_id = %(stream)s
        """,
        {"stream": stream_id, "tokens": tokens, "nano_usd": nano_usd},
    )


async def release(db: Queries, stream_id: UUID) -> Hold | None:
    """Nothing is set aside for it any more; what was."""
    return await db.row(
        Hold,
        """
        DELETE FROM ai_holds WHERE stream_id = %(stream)s
        RETURNING stream_id, user_id, project_id, own_key, input, tokens, nano_usd
        """,
        {"stream": stream_id},
    )
