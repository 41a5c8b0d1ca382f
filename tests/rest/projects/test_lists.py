"""`GET /api/projects` and `/api/projects/public`: filters, orders, words and pages."""

import random
from typing import Any
from uuid import UUID, uuid4

import pytest

from gateway.cursors import encode_cursor
from store import project_lists
from store.postgres import Postgres
from store.projects import touch_project
from store.search_words import search_query, search_words
from tests.rest.projects.conftest import MakePerson, Person


async def names(who: Person, query: str = "", path: str = "/projects") -> list[str]:
    """All projects' names of a list, by pages of three."""
    found, cursor = [], ""
    for _ in range(100):
        page = (await who.ok("GET", f"{path}?limit=3{query}{cursor}")).body
        assert len(page["items"]) <= 3
        found += [one["name"] for one in page["items"]]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"
    raise AssertionError("the pages do not end")


async def test_orders(ada: Person) -> None:
    """The last updated first, the last made first, or by name without case: each project once over all pages."""
    made = ["delta", "Alpha", "charlie", "Bravo", "echo", "Éclair", "alpha"]
    ids = {name: await ada.project(name=name) for name in made}
    await ada.ok("PATCH", f"/projects/{ids['delta']}", {"description": "x"})
    assert await names(ada) == ["delta", *reversed(made[1:])]
    assert await names(ada, "&sort=created") == list(reversed(made))
    by_name = await names(ada, "&sort=name")
    assert [name.lower() for name in by_name[:6]] == ["alpha", "alpha", "bravo", "charlie", "delta", "echo"]
    (await ada.call("GET", "/projects?sort=size")).problem(422, "invalid")


async def test_null_is_a_word(ada: Person) -> None:
    """`null` is a word to be found like any other, and no role, number or yes and no."""
    await ada.project(name="other")
    await ada.project(name="Null")
    for word in ("null", "NULL"):
        assert await names(ada, f"&q={word}") == ["Null"]
        for name in ("role", "visibility", "limit", "deleted", "cursor"):
            refused = (await ada.call("GET", f"/projects?{name}={word}")).problem(422, "invalid")
            assert [error["pointer"] for error in refused["errors"]] == [f"?{name}"]


async def test_pages_survive_changes(ada: Person) -> None:
    """What is made or updated while somebody pages neither repeats nor hides what was there."""
    ids = [await ada.project(name=f"p{at}") for at in range(6)]
    page = (await ada.ok("GET", "/projects?limit=3")).body
    await ada.project(name="new")
    await ada.ok("PATCH", f"/projects/{ids[0]}", {"name": "moved up"})
    rest = (await ada.ok("GET", f"/projects?limit=3&cursor={page['next_cursor']}")).body
    assert [one["name"] for one in page["items"] + rest["items"]] == ["p5", "p4", "p3", "p2", "p1"]


async def test_filters(ada: Person, bob: Person, eve: Person) -> None:
    """By role, visibility and kind, also together; others' projects are never there."""
    await eve.project(name="not mine", visibility="public")
    own = await ada.project(name="own", kind="colorbook")
    shared = await bob.project(name="shared", visibility="public")
    await bob.add(shared, ada, "viewer")
    assert await names(ada) == ["shared", "own"]
    assert await names(ada, "&role=owner") == ["own"]
    assert await names(ada, "&role=viewer&visibility=public") == ["shared"]
    assert await names(ada, "&visibility=private") == ["own"]
    assert await names(ada, "&kind=colorbook&role=owner&q=OW") == ["own"]
    assert await names(ada, "&kind=colorbook&role=viewer") == []
    await ada.ok("PATCH", f"/projects/{own}", {"visibility": "public", "kind": "code"})
    assert await names(ada, "&visibility=public&kind=code") == ["own", "shared"]
    await bob.ok("PATCH", f"/projects/{shared}/members/{ada.id}", {"role": "admin"})
    assert await names(ada, "&role=viewer") == []
    assert await names(ada, "&role=admin") == ["shared"]
    await bob.ok("DELETE", f"/projects/{shared}/members/{ada.id}", status=204)
    assert await names(ada) == ["own"]


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("quick", True),
        ("QUI", True),
        ("fox brown", True),
        ("main.py", True),
        ("py", True),
        ("uick", False),
        ("quick slow", False),
        ("straße", True),
        ("STRASSE", True),
        ("éCLAIR", True),
        ("書", True),
        ("!!!", False),
        ("' & | ! :* <->", False),
        ("q' OR", False),
        ("\\", False),
        ("u:", False),
        ("k", False),
    ],
)
async def test_words(ada: Person, q: str, found: bool) -> None:
    """Words and their beginnings of name and description, in any order and case, in any script; nothing else."""
    await ada.project(name="The quick brown-fox", description="src/main.py, Straße, Éclair, 書道")
    await ada.project(name="other")
    reply = await ada.api.client.get("/api/projects", params={"q": q}, headers={"Authorization": f"Bearer {ada.token}"})
    body = await reply.json()
    assert reply.status == 200, body
    assert len(body["items"]) == (1 if found else 0)


async def test_words_follow_changes(ada: Person) -> None:
    """After a change the old words find nothing."""
    project = await ada.project(name="before")
    await ada.ok("PATCH", f"/projects/{project}", {"name": "after", "description": "described"})
    assert (await names(ada, "&q=before"), await names(ada, "&q=desc%20aft")) == ([], ["after"])


@pytest.mark.parametrize("seed", range(6))
async def test_every_filter_agrees_with_a_plain_one(
    person: MakePerson, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is asked for, in whatever order: the pages are what a plain filter over all projects gives, whether
    the walk finds them or the index of words."""
    chance = random.Random(seed)
    monkeypatch.setattr(project_lists, "WALK", chance.choice([3, 5, 8, 1_000]))
    ada, bob = await person("Ada"), await person("Bob")
    everything: list[dict[str, Any]] = []
    for at in range(25):
        owner = chance.choice((ada, bob))
        fields = {
            "name": f"{chance.choice(('red', 'blue', 'blueberry'))} {at}",
            "kind": chance.choice(("code", "colorbook")),
            "visibility": chance.choice(("private", "public")),
        }
        project = await owner.project(**fields)
        role = "owner"
        if owner is bob:
            role = chance.choice(("viewer", "admin", ""))
            if role:
                await bob.add(project, ada, role)
        if role and chance.random() < 0.9:
            everything.append({**fields, "role": role, "at": at})
        elif role:
            await owner.ok("DELETE", f"/projects/{project}", status=204)
    for _ in range(12):
        wanted = {
            "q": chance.choice((None, "red", "blue", "bl", "green", "blue red")),
            "kind": chance.choice((None, None, "code")),
            "visibility": chance.choice((None, None, "public")),
            "role": chance.choice((None, None, "owner", "viewer")),
        }
        sort = chance.choice(("updated", "created", "name"))
        query = f"&sort={sort}" + "".join(f"&{key}={value}" for key, value in wanted.items() if value)
        plain = [one for one in everything if matches(one, wanted)]
        plain.sort(key=lambda one: one["name"] if sort == "name" else -one["at"])
        assert await names(ada, query) == [one["name"] for one in plain], query


def matches(one: dict[str, Any], wanted: dict[str, str | None]) -> bool:
    words = one["name"].split()
    if wanted["q"] and not all(any(word.startswith(q) for word in words) for q in wanted["q"].split()):
        return False
    return all(wanted[key] in (None, one[key]) for key in ("kind", "visibility", "role"))


@pytest.mark.parametrize("walk", [2, 1_000])
async def test_gallery(ada: Person, bob: Person, walk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gallery shows everybody's public projects to everybody, found by words and kind, and no others."""
    monkeypatch.setattr(project_lists, "WALK", walk)
    word = f"w{uuid4().hex}"
    for at in range(4):
        await ada.project(name=f"{word} {at}", visibility="public", kind="code" if at % 2 else "colorbook")
        await ada.project(name=f"{word} hidden {at}", visibility=("private", "unlisted")[at % 2])
    gone = await ada.project(name=f"{word} gone", visibility="public")
    await ada.ok("DELETE", f"/projects/{gone}", status=204)
    path = "/projects/public"
    assert await names(bob, f"&q={word}", path) == [f"{word} {at}" for at in (3, 2, 1, 0)]
    assert await names(bob, f"&q={word}&kind=colorbook", path) == [f"{word} 2", f"{word} 0"]
    anybody = await ada.api.call("GET", f"/api{path}?limit=2")
    assert [one["name"] for one in anybody.body["items"]] == [f"{word} 3", f"{word} 2"]
    assert [one["role"] for one in anybody.body["items"]] == [None, None]
    rest = await ada.api.call("GET", f"/api{path}?limit=2&cursor={anybody.body['next_cursor']}")
    assert [one["name"] for one in rest.body["items"]] == [f"{word} 1", f"{word} 0"]


@pytest.mark.parametrize("cursor", ["x", "W10", "WzFd", "WyIwIiwgMV0", "eyJhIjoxfQ", "%00"])
async def test_foreign_cursors_are_refused(ada: Person, cursor: str) -> None:
    """What is not a cursor of this list is pointed at."""
    for query in ("", "&sort=name", "&sort=created", "&deleted=true"):
        reply = await ada.call("GET", f"/projects?cursor={cursor}{query}")
        assert reply.problem(422, "invalid")["errors"][0]["pointer"] == "?cursor"


async def test_extreme_cursors_are_harmless(ada: Person) -> None:
    """A cursor that somebody made up is a place in the list, or refused; never an error of ours."""
    top = "ffffffff-ffff-ffff-ffff-ffffffffffff"
    for key in ((0, top), (253_402_300_799_999_999, top), (253_402_300_800_000_000, top), (-1, top), (2**70, top)):
        assert (await ada.call("GET", f"/projects?cursor={encode_cursor(key)}")).status in (200, 422)
    for name in ("\x00", "x" * 600, "\U0001f600" * 200, "'"):
        reply = await ada.call("GET", f"/projects?sort=name&cursor={encode_cursor((name, top))}")
        assert reply.status in (200, 422)


async def test_long_names_page(ada: Person) -> None:
    """The longest names there are fit into a cursor."""
    for at in range(4):
        await ada.project(name="\U0001f600" * 199 + str(at))
    assert len(await names(ada, "&sort=name")) == 4


async def test_touching_moves_up(ada: Person, postgres: Postgres) -> None:
    """An edit in a project moves it up in the list by update, at most once a minute, without a new version."""
    first, _ = await ada.project(name="first"), await ada.project(name="second")
    await touch_project(postgres, UUID(first))
    assert await names(ada) == ["second", "first"]
    sql = "UPDATE projects SET updated_at = now() - interval '2 minutes' WHERE owner_id = %(id)s"
    await postgres.execute(sql, {"id": ada.id})
    await touch_project(postgres, UUID(first))
    assert await names(ada) == ["first", "second"]
    assert (await ada.ok("GET", f"/projects/{first}")).body["version"] == 1


def test_words_are_folded() -> None:
    """Compatibility forms and case make no difference, and a question is never more than words."""
    assert search_words("Ａtrium ATRIUM", "ﬁle_name x-y") == ["atrium", "file_name", "x", "y"]
    assert search_query("it's", "v:a'b\\c") == "'v:a''b\\\\c' & 'it':* & 's':*"
    assert search_query(" ".join(str(at) for at in range(50))).count("&") == 7
