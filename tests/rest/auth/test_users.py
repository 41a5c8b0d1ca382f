"""`/api/users…`: finding people, profiles, accounts made by administrators."""

import asyncio

import pytest

from tests.rest.api import Api
from tests.rest.auth.people import Person, fresh_name, login, register
from tests.rest.auth.site import Site
from tests.rest.databases import execute

PUBLIC = {"id", "display_name", "username", "avatar_url", "bio", "is_guest", "created_at"}


async def admin(api: Api, database: str) -> Person:
    """An administrator."""
    root = await register(api)
    execute(database, "UPDATE users SET role = 'admin' WHERE id = %s", root.id)
    return Person(root.id, root.email, root.username, (await login(api, root)).body["access_token"], root.refresh)


async def test_people_are_found_by_the_beginning_of_a_name(api: Api) -> None:
    """Registered users find others by username or display name, in any case, and see what is public alone."""
    word = fresh_name("q")
    ada = await register(api, username=word, display_name="Somebody Else")
    bob = await register(api, display_name=word.upper() + " Builder")
    await api.guest(display_name=word + " the guest")
    found = await api.call("GET", f"/api/users?q={word[:10].upper()}", token=ada.access)
    assert [each["id"] for each in found.body["items"]] == [bob.id, ada.id]
    assert all(set(each) == PUBLIC for each in found.body["items"])
    first = (await api.call("GET", f"/api/users?q={word}&limit=1", token=ada.access)).body
    rest = (await api.call("GET", f"/api/users?q={word}&limit=1&cursor={first['next_cursor']}", token=ada.access)).body
    assert [page["items"][0]["id"] for page in (first, rest)] == [bob.id, ada.id]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize("query", ["", "?q=ab", "?q=%20%20a%20", "?q="])
async def test_nobody_lists_everybody(api: Api, query: str) -> None:
    """Fewer than three characters find nobody, except for administrators."""
    ada = await register(api)
    (await api.call("GET", f"/api/users{query}", token=ada.access)).problem(422, "invalid")


@pytest.mark.parametrize("q", ["%25%25%25", "___", "a%25b", "\\\\\\"])
async def test_patterns_are_plain_characters(api: Api, q: str) -> None:
    """What means something to LIKE means itself."""
    ada = await register(api)
    assert (await api.call("GET", f"/api/users?q={q}", token=ada.access)).body["items"] == []


async def test_guests_do_not_search(api: Api) -> None:
    """Searching people takes an account."""
    (await api.call("GET", "/api/users?q=abc", token=await api.token())).problem(403, "forbidden")


async def test_profile_is_public_in_part(api: Api, database: str) -> None:
    """Others see the public part; oneself and administrators all of it."""
    ada, eve, root = await register(api), await register(api), await admin(api, database)
    path = f"/api/users/{ada.id}"
    assert set((await api.call("GET", path, token=eve.access)).body) == PUBLIC
    for token in (ada.access, root.access):
        full = await api.call("GET", path, token=token)
        assert full.body["email"] == ada.email
        assert "password_hash" not in full.body
        assert full.headers["ETag"] == f'"{full.body["version"]}"'


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_profile_is_changed(api: Api, method: str) -> None:
    """A missing field stays, null clears; the ETag follows."""
    ada = await register(api)
    path, name = f"/api/users/{ada.id}", fresh_name("NEW")
    body = {"bio": "Counts.", "username": name, "avatar_url": "https://a.example/1.png"}
    changed = await api.call(method, path, token=ada.access, json=body)
    assert (changed.status, changed.body["bio"], changed.body["username"]) == (200, "Counts.", name.lower())
    tag = {"If-Match": changed.headers["ETag"]}
    cleared = await api.call(method, path, token=ada.access, json={"bio": None, "avatar_url": None}, headers=tag)
    assert (cleared.body["bio"], cleared.body["avatar_url"], cleared.body["username"]) == ("", None, name.lower())
    (await api.call(method, path, token=ada.access, json={"bio": "x"}, headers=tag)).problem(412, "stale")


async def test_two_changes_with_one_etag(api: Api) -> None:
    """Of many changes to one version, exactly one takes effect."""
    ada = await register(api)
    path = f"/api/users/{ada.id}"
    tag = {"If-Match": (await api.call("GET", path, token=ada.access)).headers["ETag"]}
    replies = await asyncio.gather(
        *(api.call("PATCH", path, token=ada.access, json={"bio": str(n)}, headers=tag) for n in range(6))
    )
    assert sorted(reply.status for reply in replies) == [200] + [412] * 5


async def test_new_name_is_known_at_once(api: Api) -> None:
    """A changed display name stands in the next room token."""
    ada = await register(api)
    project = await api.project(ada.access)
    await api.call("PATCH", f"/api/users/{ada.id}", token=ada.access, json={"display_name": "Countess"})
    members = (await api.call("GET", f"/api/projects/{project}/members", token=ada.access)).body["items"]
    assert [each["display_name"] for each in members] == ["Countess"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"role": "admin"}, "/role"),
        ({"email": "x@y.z"}, "/email"),
        ({"avatar_url": "javascript:alert(1)"}, "/avatar_url"),
        ({"avatar_url": 'https://x/"><script>'}, "/avatar_url"),
        ({"display_name": None}, "/display_name"),
        ({"bio": "x" * 2001}, "/bio"),
        ({"locale": "english please"}, "/locale"),
    ],
)
async def test_wrong_profile_is_pointed_at(api: Api, body: object, pointer: str) -> None:
    """What a profile cannot be, or its owner may not say, is a 422 problem that points at the field."""
    ada = await register(api)
    reply = await api.call("PATCH", f"/api/users/{ada.id}", token=ada.access, json=body)
    assert [error["pointer"] for error in reply.problem(422, "invalid")["errors"]] == [pointer]


async def test_taken_username_is_a_conflict(api: Api) -> None:
    """Nobody takes another's username, whatever its case."""
    ada, eve = await register(api), await register(api)
    reply = await api.call("PATCH", f"/api/users/{eve.id}", token=eve.access, json={"username": ada.username.upper()})
    reply.problem(409, "conflict")


async def test_others_profiles_are_not_changed(api: Api) -> None:
    """Nobody but oneself, or an administrator, changes a profile."""
    ada, eve = await register(api), await register(api)
    (await api.call("PATCH", f"/api/users/{ada.id}", token=eve.access, json={"bio": "x"})).problem(403, "forbidden")


async def test_administrators_make_accounts(site: Site, database: str) -> None:
    """A made account has no password until its owner chooses one by mail, which also proves the address."""
    root = await admin(site.api, database)
    name = fresh_name("made")
    body = {"email": f"{name}@example.com", "username": name, "tier": "pro"}
    made = await site.api.call("POST", "/api/users", token=root.access, json=body)
    assert (made.status, made.body["tier"], made.body["has_password"]) == (201, "pro", False)
    token = await site.mails.token(body["email"])
    reset = {"token": token, "password": "five green lanterns"}
    assert (await site.api.call("POST", "/api/auth/password/reset", json=reset)).status == 204
    own = {"email": body["email"], "password": "five green lanterns"}
    signed_in = await site.api.call("POST", "/api/auth/login", json=own)
    assert signed_in.body["user"]["email_verified"] is True
    (await site.api.call("POST", "/api/users", token=root.access, json=body)).problem(409, "conflict")
    (await site.api.call("POST", "/api/users", token=signed_in.body["access_token"], json=body)).problem(
        403, "forbidden"
    )


async def test_administrators_list_everybody(api: Api, database: str) -> None:
    """Administrators page through all users, filter them, and find them by address."""
    root, ada = await admin(api, database), await register(api)
    for path in ("/api/users", "/api/admin/users"):
        page = (await api.call("GET", f"{path}?limit=2&tier=free", token=root.access)).body
        assert page["items"][0]["id"] == ada.id
        assert page["items"][0]["email"] == ada.email
        following = await api.call("GET", f"{path}?limit=2&cursor={page['next_cursor']}", token=root.access)
        assert not {each["id"] for each in page["items"]} & {each["id"] for each in following.body["items"]}
        admins = (await api.call("GET", f"{path}?role=admin&limit=100", token=root.access)).body["items"]
        assert {each["role"] for each in admins} == {"admin"}
    found = (await api.call("GET", f"/api/admin/users?q={ada.email.upper()}", token=root.access)).body["items"]
    assert [each["id"] for each in found] == [ada.id]
    (await api.call("GET", "/api/users?role=admin&q=abc", token=ada.access)).problem(403, "forbidden")
