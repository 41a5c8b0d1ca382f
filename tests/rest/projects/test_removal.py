"""Deleted projects are removed for good after a month (workers/remove_projects.py)."""

from store.postgres import Postgres
from tests.rest.projects.conftest import Person
from workers.remove_projects import remove_projects


class Count:
    def __init__(self, count: int) -> None:
        self.count = count


async def left(postgres: Postgres, project: str) -> dict[str, int]:
    """Rows of a project by table."""
    found = {}
    for table, column in (
        ("projects", "id"),
        ("project_members", "project_id"),
        ("project_invites", "project_id"),
        ("project_search", "project_id"),
        ("files", "project_id"),
        ("documents", "project_id"),
        ("happenings", "project_id"),
        ("chats", "project_id"),
        ("streams", "project_id"),
    ):
        sql = f"SELECT count(*) FROM {table} WHERE {column} = %(id)s"
        row = await postgres.row(Count, sql, {"id": project})
        assert row is not None
        found[table] = row.count
    return found


async def test_a_month_later_all_is_gone(ada: Person, bob: Person, postgres: Postgres) -> None:
    """A project deleted 31 days ago goes with all it had, and its logs are forgotten; younger and living ones stay."""
    ids = {}
    for name, age in (("old", 31), ("young", 30), ("living", None)):
        ids[name] = project = await ada.project(name=name, files={f"{at}": "text" for at in range(60)})
        await ada.add(project, bob, "editor")
        await ada.ok("POST", f"/projects/{project}/invites", {"role": "viewer"}, 201)
        await ada.ok("POST", f"/projects/{project}/files", {"path": "a.png", "kind": "binary"}, 201)
        chat = await ada.ok("POST", "/chats", {"project_id": project, "message": "Hello"}, 201)
        assert chat.body["stream_id"]
        if age is not None:
            await ada.ok("DELETE", f"/projects/{project}", status=204)
            sql = "UPDATE projects SET deleted_at = now() - make_interval(days => %(age)s, secs => 1) WHERE id = %(id)s"
            await postgres.execute(sql, {"id": project, "age": age})
    forgotten: list[str] = []

    async def forget(name: str) -> None:
        forgotten.append(name)

    assert await remove_projects(postgres, forget) >= 1
    assert set((await left(postgres, ids["old"])).values()) == {0}
    assert all((await left(postgres, ids["young"])).values())
    assert all((await left(postgres, ids["living"])).values())
    assert len([name for name in forgotten if name.startswith(ids["old"])]) == 60
    assert not [name for name in forgotten if not name.startswith(ids["old"]) and ids["young"] in name]
    (await ada.call("POST", f"/projects/{ids['old']}/restore")).problem(404, "not-found")
    assert len((await ada.ok("GET", f"/projects/{ids['living']}/files?limit=100")).body["items"]) == 61
