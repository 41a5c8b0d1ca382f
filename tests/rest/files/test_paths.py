"""Which document is at a path (gateway/paths.py), on a real PostgreSQL behind a cable."""

import asyncio
import math
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

import pytest

from gateway.access import Access, Denied
from gateway.paths import Paths
from schemas.close_codes import CloseCode
from schemas.documents import DocumentName, InvalidName, document_name
from schemas.ids import new_id
from schemas.roles import Role
from store import file_changes
from store.errors import StoreUnavailable
from store.file_changes import create_text_file
from store.files import FileRow
from store.limits import FILES_PER_PROJECT
from store.postgres import Postgres, open_pool
from tests.rest.cable import Cable, cable_to
from tests.rest.databases import execute


@dataclass
class Scene:
    """A project; the gateway's paths reach PostgreSQL by the cable, the test by `postgres`."""

    paths: Paths
    cable: Cable
    postgres: Postgres
    user: UUID
    project: UUID

    async def open(self, path: str, role: Role = Role.EDITOR) -> DocumentName:
        """What somebody with this role opens."""
        access = Access(self.user, self.user, self.project, role, "", math.inf)
        return await self.paths.document_at(access, document_name(str(self.project), path))

    async def file(self, path: str) -> FileRow:
        """A new file."""
        return await self.postgres.transact(lambda tx: create_text_file(tx, self.project, path, self.user))

    async def move(self, file: FileRow, path: str) -> FileRow:
        """Move it, and tell the gateway of it."""
        row = await self.postgres.transact(lambda tx: file_changes.move_file(tx, file, path, self.user))
        self.paths.forget(self.project)
        return row

    async def refusal(self, path: str, role: Role = Role.EDITOR) -> Denied:
        with pytest.raises(Denied) as caught:
            await self.open(path, role)
        assert len(caught.value.reason.encode()) <= 123  # what a close frame holds
        return caught.value


@pytest.fixture
async def scene(database: str, postgres: Postgres) -> AsyncIterator[Scene]:
    user, project = new_id(), new_id()
    execute(database, "INSERT INTO users (id, display_name) VALUES (%s, 'Ada')", user)
    execute(database, "INSERT INTO projects (id, owner_id, name) VALUES (%s, %s, 'P')", project, user)
    async with cable_to(database) as cable, open_pool(cable.url) as pool:
        yield Scene(Paths(pool), cable, postgres, user, project)


async def count(scene: Scene, database: str) -> int:
    """How many files the project has, and is said to have."""
    ((rows, said),) = execute(
        database,
        "SELECT count(*), (SELECT live FROM file_counts WHERE project_id = %s) FROM files "
        "WHERE project_id = %s AND deleted_at IS NULL",
        scene.project,
        scene.project,
    )
    assert rows == said
    assert isinstance(rows, int)
    return rows


async def test_three_hundred_joins_ask_once(scene: Scene) -> None:
    """Those who come at the same time share one question, also while PostgreSQL does not answer."""
    await scene.file("a")
    assert len(set(await asyncio.gather(*(scene.open("a", Role.VIEWER) for _ in range(300))))) == 1
    await scene.cable.cut()
    await asyncio.gather(*(scene.open("a", Role.VIEWER) for _ in range(300)))
    assert scene.cable.connections <= 3  # a pool that was asked 300 times at once would have grown


async def test_three_hundred_make_one_file(scene: Scene, database: str) -> None:
    """Of 300 editors who open a new path at once, in two processes, all get the same document, which is made once."""
    async with open_pool(database) as pool:
        here, there = scene.paths, Paths(pool)
        access = Access(scene.user, scene.user, scene.project, Role.EDITOR, "", math.inf)
        name = document_name(str(scene.project), "new/file")
        found = await asyncio.gather(*((here, there)[n % 2].document_at(access, name) for n in range(300)))
    assert set(found) == {f"{scene.project}/new/file"}
    assert await count(scene, database) == 1


async def test_known_paths_open_without_postgresql(scene: Scene) -> None:
    """While PostgreSQL is away, or frozen, a path that was open lately opens; one never seen is unavailable."""
    await scene.file("a")
    document = await scene.open("a")
    scene.cable.freeze()
    assert await scene.open("a") == document
    await scene.cable.cut()
    assert await scene.open("a", Role.VIEWER) == document
    with pytest.raises(StoreUnavailable):
        await scene.open("b")


async def test_keys_never_collide(scene: Scene) -> None:
    """Whatever is moved where, every file keeps its own document, and every path leads to that of the file there."""
    first = await scene.file("a")
    moved = await scene.move(first, "b")
    second = await scene.file("a")
    assert (first.document, moved.document) == (f"{scene.project}/a", f"{scene.project}/a")
    assert second.document == f"{scene.project}/./{second.id}"
    assert await scene.open("a") == second.document
    assert await scene.open("b") == first.document
    # The fresh key is no path that anybody could open.
    with pytest.raises(InvalidName):
        document_name(str(scene.project), f"./{second.id}")
    second = await scene.move(second, "c")
    third = await scene.file("a")
    assert len({first.document, second.document, third.document}) == 3


async def test_who_opens_nothing(scene: Scene, database: str) -> None:
    """A viewer makes nothing; nobody makes a file where one was moved away or deleted, until one is made on purpose."""
    assert (await scene.refusal("a", Role.VIEWER)).code is CloseCode.NOT_FOUND
    assert (await scene.refusal("a", Role.COMMENTER)).code is CloseCode.NOT_FOUND
    file = await scene.file("a")
    await scene.open("a", Role.VIEWER)
    await scene.move(file, "b")
    for role in Role:
        assert (await scene.refusal("a", role)).code is CloseCode.NOT_FOUND
    await scene.postgres.transact(lambda tx: file_changes.delete_file(tx, file, scene.user))
    scene.paths.forget(scene.project)
    assert "deleted" in (await scene.refusal("b")).reason
    again = await scene.file("a")
    assert await scene.open("a") == again.document


async def test_a_binary_file_is_no_document(scene: Scene) -> None:
    """The path of a binary file opens for nobody."""
    new = file_changes.NewFile(path="a.png", kind="binary", media_type="image/png")
    await scene.postgres.transact(lambda tx: file_changes.create_files(tx, scene.project, scene.user, [new]))
    assert "not a text" in (await scene.refusal("a.png", Role.OWNER)).reason


async def test_a_full_project(scene: Scene, database: str) -> None:
    """The last file that a project may have can be made, one more not, by a socket neither."""
    execute(
        database, "INSERT INTO file_counts (project_id, live) VALUES (%s, %s)", scene.project, FILES_PER_PROJECT - 1
    )
    await scene.open("last")
    assert (await scene.refusal("one more")).code is CloseCode.FORBIDDEN


async def test_a_gateway_that_has_not_heard_of_a_move(scene: Scene) -> None:
    """A gateway leads nobody to the document that was at a path before, also when it has not heard of the move yet."""
    file = await scene.file("a")
    await scene.open("a")
    await scene.postgres.transact(lambda tx: file_changes.move_file(tx, file, "b", scene.user))
    assert (await scene.refusal("a")).code is CloseCode.NOT_FOUND
    assert await scene.open("b") == file.document
    other = await scene.file("a")
    assert await scene.open("a") == other.document
