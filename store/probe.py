"""Whether the servers that DATABASE_URL and REDIS_URL name can carry Atrium: asked once, before anything starts.

Called by the launcher when the servers are not the embedded ones. Each complaint is one line for the person at the
terminal; none holds a password.
"""

import asyncio
import re
from typing import Any

import psycopg
import psycopg.conninfo
import redis

CONNECT_SECONDS = 5  # a server that is reachable answers well within
OLDEST_POSTGRES = 15  # major version
OLDEST_REDIS = (6, 2)  # Valkey calls itself 7.2 or later here


async def complaints(database_url: str | None, redis_url: str | None) -> list[str]:
    """What is wrong, in the order of the arguments; an empty list if both are good. None is not asked."""
    found = []
    if database_url is not None:
        found.append(await asyncio.to_thread(about_postgres, database_url))
    if redis_url is not None:
        found.append(await asyncio.to_thread(about_redis, redis_url))
    return [line for line in found if line is not None]


def about_postgres(url: str) -> str | None:
    try:
        psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        return "DATABASE_URL is not a PostgreSQL URL (postgresql://user:password@host:5432/database)"
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_SECONDS) as connection:
            version = connection.info.server_version // 10_000
    except psycopg.Error as refused:
        return f"DATABASE_URL: cannot use that PostgreSQL: {reason(str(refused))}"
    if version < OLDEST_POSTGRES:
        return f"DATABASE_URL: PostgreSQL {version} is too old; Atrium needs {OLDEST_POSTGRES} or later"
    return None


def about_redis(url: str) -> str | None:
    try:
        client = redis.Redis.from_url(
            url, socket_connect_timeout=CONNECT_SECONDS, socket_timeout=CONNECT_SECONDS, decode_responses=True
        )
    except ValueError:
        return "REDIS_URL is not a Redis URL (redis://:password@host:6379/0 or unix:///path)"
    try:
        facts: dict[str, Any] = client.info("server")  # type: ignore[assignment]  # typed for both clients at once
    except redis.AuthenticationError as refused:
        return f"REDIS_URL: that server refuses the password: {reason(str(refused))}"
    except (redis.RedisError, OSError) as refused:
        return f"REDIS_URL: cannot use that server: {reason(str(refused))}"
    finally:
        client.close()
    version = str(facts.get("redis_version", "0"))
    if tuple(int(part) for part in re.findall(r"\d+", version)[:2]) < OLDEST_REDIS:
        return f"REDIS_URL: Redis {version} is too old; Atrium needs Redis 6.2 or Valkey 7.2 or later"
    return None


def reason(text: str) -> str:
    """The part of a client library's message that says why, on one line."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    first = lines[0] if lines else "no reason given"
    return re.sub(r"^.*FATAL:\s+", "", re.sub(r"^connection failed: ", "", first))
