"""Texts over REST beside stock clients: what is put is seen at once, what is typed is not lost."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import aiohttp
import pytest

from tests.clients.peer import Peer, Session, all_see
from tests.clients.project import Project

pytestmark = pytest.mark.js


class Rest:
    """The owner of a project, who edits its file `main` by REST."""

    def __init__(self, project: Project, http: aiohttp.ClientSession) -> None:
        self.project, self.http = project, http
        self.file = ""

    async def begin(self) -> None:
        async with self.http.get(f"{self.project.gateways[0]}/api/projects/{self.project.id}/files") as answer:
            self.file = (await answer.json())["items"][0]["id"]

    async def read(self, gateway: int = 0) -> tuple[str, str]:
        """The text and its ETag."""
        async with self.http.get(f"{self.project.gateways[gateway]}/api/files/{self.file}/content") as answer:
            assert answer.status == 200, await answer.text()
            return await answer.text(), answer.headers["ETag"]

    async def put(self, text: str, etag: str = "", gateway: int = 0) -> Any:
        """Write; the answer."""
        headers = {"Content-Type": "text/plain"} | ({"If-Match": etag} if etag else {})
        url = f"{self.project.gateways[gateway]}/api/files/{self.file}/content"
        async with self.http.put(url, data=text.encode(), headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()


@pytest.fixture
async def rest(project: Project) -> Any:
    """The project's owner over REST."""
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {project.access_token}"}) as http:
        owner = Rest(project, http)
        await owner.begin()
        yield owner


async def two(project: Project, ann: Peer, bob: Peer) -> tuple[Session, Session]:
    """A client of each dialect, through different gateways."""
    here = await (await ann.open("here", **project.y_websocket())).synced()
    there = await (await bob.open("there", **project.hocuspocus(gateway=1))).synced()
    return here, there


async def test_clients_see_what_is_put(project: Project, ann: Peer, bob: Peer, rest: Rest) -> None:
    """[T1] What clients type is what REST reads; what REST puts they see, in both dialects and all processes."""
    here, there = await two(project, ann, bob)
    await here.insert(0, "Hallo 😀 Welt")
    await there.see("text", equals="Hallo 😀 Welt")
    text, etag = await rest.read(gateway=1)
    assert text == "Hallo 😀 Welt"
    await rest.put("Hallo, schöne 😀 Welt!", etag)
    await all_see([here, there], "text", equals="Hallo, schöne 😀 Welt!")


async def test_put_while_stock_clients_type(project: Project, ann: Peer, bob: Peer, rest: Rest) -> None:
    """[T2] Texts that are put all the while, also on the ground of old versions, lose no keystroke of two clients."""
    chance = random.Random(7)
    here, there = await two(project, ann, bob)
    await rest.put("Ein Anfang.\n\nEin Ende.\n")
    await all_see([here, there], "text", equals="Ein Anfang.\n\nEin Ende.\n")

    async def type_in(session: Session, letter: str) -> None:
        for number in range(150):
            await (session.insert(0, letter * 2) if number % 2 else session.do("type", text=letter, count=2))

    typing = [asyncio.create_task(type_in(here, "a")), asyncio.create_task(type_in(there, "b"))]
    marks: list[str] = []
    old = await rest.read()
    while not all(task.done() for task in typing) or len(marks) < 20:
        text, etag = old if chance.random() < 0.3 else await rest.read(gateway=chance.randrange(2))
        mark = f"[{len(marks)}]"
        at = chance.randint(0, len(text))
        await rest.put(text[:at] + mark + text[at:], etag, gateway=chance.randrange(2))
        marks.append(mark)
    await asyncio.gather(*typing)
    wanted = sorted([*"Ein Anfang.\n\nEin Ende.\n", *"a" * 300, *"b" * 300, *"".join(marks)])
    for _ in range(100):
        texts = {await here.text(), await there.text(), *[(await rest.read(n))[0] for n in (0, 1)]}
        if len(texts) == 1 and sorted(next(iter(texts))) == wanted:
            break
        await asyncio.sleep(0.05)
    (text,) = texts
    assert sorted(text) == wanted
    assert [text.count(character) for character in "[]"] == [len(marks)] * 2


async def test_other_types_have_no_text(project: Project, ann: Peer, rest: Rest) -> None:
    """[T1] A document whose content is a map answers 409."""
    session = await (await ann.open("map", **project.y_websocket())).synced()
    await session.do("mapSet", root="content", key="a", value=1)
    for _ in range(100):
        async with rest.http.get(f"{project.gateways[0]}/api/files/{rest.file}/content") as answer:
            if answer.status == 409:
                assert "map" in (await answer.json())["detail"]
                return
        await asyncio.sleep(0.05)
    raise AssertionError("it was read as a text")


async def test_versions_of_other_types_come_back(project: Project, ann: Peer, bob: Peer, rest: Rest) -> None:
    """[T7] Maps, arrays, rich text, XML and what is nested in them come back at stock clients as they were."""
    here, there = await two(project, ann, bob)
    nested = {"$map": {"list": {"$array": [1, {"$text": "in it"}, {"$bytes": "AAE="}]}, "a": {"b": [True, None]}}}
    await here.do("mapSet", root="map", key="kept", value=nested)
    await here.do("mapSet", root="map", key="number", value=2)
    await here.do("mapSet", root="map", key="sub", value={"$subdocument": "guid-1"})
    await here.do("arrayInsert", root="array", at=0, values=["one", {"$map": {"two": 2}}, 3.5])
    paragraph = {"name": "p", "attributes": {"class": "x"}, "children": ["Hällo ", {"name": "b", "children": ["!"]}]}
    await here.do("xmlInsert", root="xml", at=0, element=paragraph)
    await here.insert(0, "plain ")
    await here.insert(6, "bold", attributes={"bold": True})
    await here.do("embed", at=3, value={"image": "a.png"})
    roots = [("map", "map"), ("array", "array"), ("xml", "xml"), ("delta", "content")]
    was = {root: await here.see(view, root=root) for view, root in roots}
    for view, root in roots:
        await there.see(view, root=root, equals=was[root])
    url = f"{project.gateways[1]}/api/files/{rest.file}/versions"
    async with rest.http.post(url, json={"name": "all"}) as answer:
        assert answer.status == 201, await answer.text()
        seq = (await answer.json())["seq"]

    for key in ("kept", "number", "sub"):
        await there.do("mapDelete", root="map", key=key)
    await there.do("mapSet", root="map", key="other", value="thing")
    await there.do("arrayDelete", root="array", at=0, length=3)
    await there.do("xmlInsert", root="xml", at=0, element={"name": "h1"})
    await there.do("delete", at=0, length=9)
    await there.see("unsynced", equals=False)
    async with rest.http.post(f"{url}/{seq}/restore") as answer:
        assert answer.status == 200, await answer.text()
    for view, root in roots:
        await all_see([here, there], view, root=root, equals=was[root])
