"""What answers took: one line each, and sums by day. Written by AI workers in the transaction that ends the stream."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from store.postgres import Queries


@dataclass(frozen=True, slots=True)
class UsageRow:
    """One answer's line; money in billionths of a USD, `price` is JSON."""

    stream_id: UUID
    user_id: UUID
    project_id: UUID | None
    model: str
    own_key: bool
    status: str
    input: int
    output: int
    reasoning: int
    cached: int
    estimated: bool
    nano_usd: int
    charged_by: str
    price: str | None


@dataclass(frozen=True, slots=True)
class DayRow:
    """What a user or a project took on a day."""

    day: date
    requests: int
    tokens: int
    nano_usd: int
    own_tokens: int
    own_nano_usd: int


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line as its user sees it."""

    stream_id: UUID
    at: datetime
    project_id: UUID | None
    model: str
    own_key: bool
    status: str
    input: int
    output: int
    reasoning: int
    cached: int
    estimated: bool
    nano_usd: int
    charged_by: str


async def add_usage(db: Queries, row: UsageRow) -> None:
    """Write a line and add it to the sums. In the transaction that ends the stream, so that it is written once."""
    tokens = row.input + row.output
    await db.execute(
        """
        INSERT INTO ai_usage (
            stream_id, user_id, project_id, model, own_key, status, input, output, reasoning, cached, estimated,
            nano_usd, charged_by, price
        )
        VALUES (
            %(stream)s, %(user)s, %(project)s, %(model)s, %(own_key)s, %(status)s, %(input)s, %(output)s,
            %(reasoning)s, %(cached)s, %(estimated)s, %(nano_usd)s, %(charged_by)s, %(price)s::jsonb
        )
        """,
        {
            "stream": row.stream_id,
            "user": row.user_id,
            "project": row.project_id,
            "model": row.model,
            "own_key": row.own_key,
            "status": row.status,
            "input": row.input,
            "output": row.output,
            "reasoning": row.reasoning,
            "cached": row.cached,
            "estimated": row.estimated,
            "nano_usd": row.nano_usd,
            "charged_by": row.charged_by,
            "price": row.price,
        },
    )
    for subject in (row.user_id, row.project_id):  # always in this order: no two wait for one another
        if subject is not None:
            await db.execute(
                """
                INSERT INTO ai_days (subject, day, tokens, nano_usd, own_tokens, own_nano_usd)
                VALUES (
                    %(subject)s, (now() AT TIME ZONE 'utc')::date,
                    %(tokens)s, %(nano_usd)s, %(own_tokens)s, %(own_nano_usd)s
                )
                ON CONFLICT (subject, day) DO UPDATE
                SET tokens = ai_days.tokens + excluded.tokens, nano_usd = ai_days.nano_usd + excluded.nano_usd,
                    own_tokens = ai_days.own_tokens + excluded.own_tokens,
                    own_nano_usd = ai_days.own_nano_usd + excluded.own_nano_usd
                """,
                {
                    "subject": subject,
                    "tokens": 0 if row.own_key else tokens,
                    "nano_usd": 0 if row.own_key else row.nano_usd,
                    "own_tokens": tokens if row.own_key else 0,
                    "own_nano_usd": row.nano_usd if row.own_key else 0,
                },
            )


async def list_days(db: Queries, subject: UUID, days: int) -> list[DayRow]:
    """The latest days on which there was something, newest first."""
    return await db.rows(
        DayRow,
        """
        SELECT day, requests, tokens, nano_usd, own_tokens, own_nano_usd FROM ai_days
        WHERE subject = %(subject)s ORDER BY day DESC LIMIT %(days)s
        """,
        {"subject": subject, "days": days},
    )


async def list_lines(db: Queries, user_id: UUID, before: tuple[datetime, UUID] | None, limit: int) -> list[LineRow]:
    """A user's answers, newest first."""
    at, stream_id = before or (None, UUID(int=0))
    return await db.rows(
        LineRow,
        """
        SELECT stream_id, at, project_id, model, own_key, status, input, output, reasoning, cached, estimated,
               nano_usd, charged_by
        FROM ai_usage
        WHERE user_id = %(user)s AND (at, stream_id) < (
            coalesce(%(at)s::timestamptz, 'infinity'), %(stream)s::uuid
        )
        ORDER BY at DESC, stream_id DESC LIMIT %(limit)s
        """,
        {"user": user_id, "at": at, "stream": stream_id, "limit": limit},
    )


async def remove_lines(db: Queries, days: int, limit: int) -> int:
    """Delete some lines that are older; how many. The sums of their days stay."""
    return await db.execute(
        """
        DELETE FROM ai_usage WHERE stream_id = ANY(ARRAY(
            SELECT stream_id FROM ai_usage WHERE at < now() - make_interval(days => %(days)s)
            ORDER BY at LIMIT %(limit)s
        ))
        """,
        {"days": days, "limit": limit},
    )


async def remove_days(db: Queries, days: int, limit: int) -> int:
    """Delete some sums of days that are longer ago; how many."""
    return await db.execute(
        """
        DELETE FROM ai_days WHERE ctid = ANY(ARRAY(
            SELECT ctid FROM ai_days WHERE day < (now() AT TIME ZONE 'utc')::date - %(days)s::int
            ORDER BY day LIMIT %(limit)s
        ))
        """,
        {"days": days, "limit": limit},
    )
