"""`/api/projects/{id}/versions…`, through the real gateways."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.rest.databases import holding, is_waited_for
from tests.rest.text.conftest import Desk
from tests.support.stack import Stack
from tests.support.waiting import wait_until

RESTORED = "project.version_restored"


async def ask(desk: Desk, method: str, path: str = "", gateway: int = 0, **how: Any) -> Any:
    """One request about the project; its body."""
    how.setdefault("token", desk.token)
    reply = await desk.apis[gateway].call(method, f"/api/projects/{desk.project}{path}", **how)
    assert reply.status < 300, reply.body
    return reply.body


async def contents(desk: Desk) -> dict[str, str]:
    """The text of each file, by path."""
    found = {}
    for item in (await ask(desk, "GET", "/files"))["items"]:
        desk.file = item["id"]
        found[item["path"]] = await desk.read() if item["kind"] == "text" else "(bytes)"
    return found


async def at(desk: Desk, path: str) -> str:
    """The id of the file at a path."""
    return str(next(item["id"] for item in (await ask(desk, "GET", "/files"))["items"] if item["path"] == path))


async def test_a_project_comes_back(desk: Desk) -> None:
    """[T9] Restoring a project's version brings every file back to its place and content, and removes later ones."""
    await desk.make_file("a", "text a\n")
    await desk.make_file("dir/b", "text b\n")
    await desk.make_file("dir/c", "text c\n")
    await desk.put("main text\n")
    was = await contents(desk)
    made = await ask(desk, "POST", "/versions", json={"name": "good"})
    assert (made["seq"], made["files"], made["name"]) == (1, 4, "good")
    seen = await ask(desk, "GET", "/versions/1", gateway=1)
    assert [file["path"] for file in seen["files"]] == ["a", "dir/b", "dir/c", "main"]

    a, b, c, main = [await at(desk, path) for path in ("a", "dir/b", "dir/c", "main")]
    desk.file = a
    await desk.put("changed a\n")
    # Two change places, one is deleted, and one is made where another's folder was.
    await desk.call("PATCH", json={"path": "aside"})
    desk.file = b
    await desk.call("PATCH", json={"path": "a"})
    desk.file = a
    await desk.call("PATCH", json={"path": "dir/b"})
    desk.file = main
    assert (await desk.call("DELETE")).status == 204
    desk.file = c
    await desk.call("PATCH", json={"path": "elsewhere"})
    await desk.make_file("new", "new\n")
    changed = await contents(desk)
    assert changed == {"a": "text b\n", "dir/b": "changed a\n", "elsewhere": "text c\n", "new": "new\n"}

    done = await ask(desk, "POST", "/versions/1/restore", gateway=1)
    assert (done["restored"], done["unchanged"], done["removed"], done["failed"]) == (4, 0, 1, [])
    assert await contents(desk) == was
    assert [await at(desk, path) for path in ("a", "dir/b", "dir/c", "main")] == [a, b, c, main]
    # And back again: what was there before is a version too.
    await ask(desk, "POST", f"/versions/{done['before']}/restore")
    assert await contents(desk) == changed
    again = await ask(desk, "POST", f"/versions/{done['before']}/restore")
    assert (again["restored"], again["unchanged"], again["removed"]) == (0, 4, 0)
    listed = await ask(desk, "GET", "/versions")
    assert [item["seq"] for item in listed["items"]] == [4, 3, 2, 1]
    told = [item for item in (await ask(desk, "GET", "/activity"))["items"] if item["kind"] == RESTORED]
    assert [item["data"] for item in told] == [
        {"version": done["before"], "before": again["before"]},
        {"version": done["before"], "before": again["before"] - 1},
        {"version": 1, "before": done["before"]},
    ]


async def test_versions_at_once(desk: Desk) -> None:
    """[T9] Versions and restores at the same moment: each version is there, and the restored one is the result."""
    await desk.put("good\n")
    made = await asyncio.gather(*(ask(desk, "POST", "/versions", gateway=n % 2) for n in range(4)))
    assert sorted(each["seq"] for each in made) == [1, 2, 3, 4]
    await desk.put("bad\n")
    await desk.make_file("more")
    await asyncio.gather(*(ask(desk, "POST", "/versions/1/restore", gateway=n % 2) for n in range(3)))
    assert await contents(desk) == {"main": "good\n"}


async def test_restored_while_files_are_removed_for_good(desk: Desk, stack: Stack) -> None:
    """[T9] A file that leaves for good at this moment is named, and all others come back."""
    await desk.make_file("old", "old\n")
    await ask(desk, "POST", "/versions")
    old = await at(desk, "old")
    desk.file = old
    assert (await desk.call("DELETE")).status == 204
    with holding(stack.database_url, "DELETE FROM files WHERE id = %s", old) as purge:
        purge.execute("DELETE FROM documents WHERE name = %s", (f"{desk.project}/old",))
        restoring = asyncio.create_task(ask(desk, "POST", "/versions/1/restore"))
        await wait_until(lambda: is_waited_for(stack.database_url, purge), "the restore to wait")
        purge.commit()
        done = await restoring
    assert (done["failed"], done["removed"]) == (["old"], 0)
    assert await contents(desk) == {"main": ""}


async def test_a_version_of_what_was_just_typed(desk: Desk) -> None:
    """[T9] A version holds also what no snapshot has yet, and nothing that comes later."""
    for number in range(5):
        await desk.put(f"state {number}\n", gateway=number % 2)
        made = await ask(desk, "POST", "/versions")
        (file,) = (await ask(desk, "GET", f"/versions/{made['seq']}"))["files"]
        text = (await desk.call("GET", f"/versions/{file['version']}")).body["content"]
        assert text == f"state {number}\n"
