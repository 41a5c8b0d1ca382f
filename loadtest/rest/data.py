"""A database as after years of use: projects with files, made by COPY. Used by bench.py for the lists among many."""

import os
import random
import time
from collections.abc import Iterator
from uuid import UUID

import asyncpg

WORDS = [
    "amber",
    "birch",
    "canyon",
    "delta",
    "ember",
    "falcon",
    "glacier",
    "harbor",
    "indigo",
    "juniper",
    "karst",
    "lagoon",
]
WORDS += [
    "meadow",
    "nebula",
    "orchid",
    "pebble",
    "quartz",
    "raven",
    "saffron",
    "thistle",
    "umber",
    "velvet",
    "willow",
    "zephyr",
]
FILES_PER_PROJECT = 10


def new_id(at: float) -> UUID:
    """A UUIDv7 of that time."""
    noise = int.from_bytes(os.urandom(10), "big")
    value = (
        (int(at * 1000) << 80) | (0x7 << 76) | ((noise >> 62 & 0xFFF) << 64) | (0b10 << 62) | (noise & (1 << 62) - 1)
    )
    return UUID(int=value)


async def fill(url: str, owner: UUID, projects: int, seed: int = 7) -> list[UUID]:
    """Give `owner` so many projects, each with ten files; the ids of the projects."""
    rng = random.Random(seed)
    now = time.time()
    made = [(new_id(now - 86_400 * 365 * rng.random()), _name(rng)) for _ in range(projects)]
    connection = await asyncpg.connect(url)
    try:
        await connection.copy_records_to_table(
            "projects",
            records=((project, owner, name) for project, name in made),
            columns=("id", "owner_id", "name"),
        )
        await connection.copy_records_to_table(
            "project_members",
            records=((project, owner, "owner") for project, _ in made),
            columns=("project_id", "user_id", "role"),
        )
        paths = [
            (project, f"{rng.choice(WORDS)}/{number}.md") for project, _ in made for number in range(FILES_PER_PROJECT)
        ]
        await connection.copy_records_to_table(
            "documents",
            records=((f"{project}/{path}", project) for project, path in paths),
            columns=("name", "project_id"),
        )
        await connection.copy_records_to_table("files", records=_files(paths, owner, now), columns=_FILE_COLUMNS)
        await connection.copy_records_to_table(
            "file_counts",
            records=((project, FILES_PER_PROJECT) for project, _ in made),
            columns=("project_id", "live"),
        )
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()
    return [project for project, _ in made]


_FILE_COLUMNS = ("id", "project_id", "path", "kind", "document", "media_type", "created_by")


def _files(paths: list[tuple[UUID, str]], owner: UUID, now: float) -> Iterator[tuple[object, ...]]:
    for project, path in paths:
        yield new_id(now), project, path, "text", f"{project}/{path}", "text/markdown", owner


def _name(rng: random.Random) -> str:
    return " ".join(rng.choices(WORDS, k=3)).title()
