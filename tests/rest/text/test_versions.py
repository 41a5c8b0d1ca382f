"""`/api/files/{id}/versions…`, through the real gateways."""

from __future__ import annotations

import asyncio

from tests.rest.text.conftest import Desk


async def named(desk: Desk, name: str) -> int:
    """A version of what is there now."""
    reply = await desk.call("POST", "/versions", json={"name": name})
    assert reply.status == 201, reply.body
    assert reply.headers["Location"].endswith(f"/versions/{reply.body['seq']}")
    return int(reply.body["seq"])


async def test_a_version_is_named_seen_and_listed(desk: Desk) -> None:
    """[T6] A named version is what was there, whatever comes after; the list shows the latest first."""
    await desk.put("first\n")
    one = await named(desk, "one")
    await desk.put("second\n", gateway=1)
    two = await named(desk, "two")
    seen = await desk.call("GET", f"/versions/{one}", gateway=1)
    assert (seen.body["content"], seen.body["name"]) == ("first\n", "one")
    listed = await desk.call("GET", "/versions?limit=1")
    assert [item["seq"] for item in listed.body["items"]] == [two]
    more = await desk.call("GET", f"/versions?limit=1&cursor={listed.body['next_cursor']}")
    assert [item["name"] for item in more.body["items"]] == ["one"]
    assert more.body["next_cursor"] is None
    assert more.body["items"][0]["created_by_name"]


async def test_versions_are_compared(desk: Desk) -> None:
    """[T6] A unified diff between two versions, and with what is there now."""
    await desk.put("a\nb\nc\nd\ne\nf\ng\nh\ni\n")
    one = await named(desk, "one")
    await desk.put("a\nb\nc\nd\ne\nF\ng\nh\ni\n")
    two = await named(desk, "two")
    await desk.put("a\nb\nc\nd\ne\nF\ng\nh\ni")

    async def diff(query: str) -> list[str]:
        headers = {"Authorization": f"Bearer {desk.token}"}
        async with desk.apis[0].client.get(f"/api/files/{desk.file}/versions/{query}", headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            return (await answer.text()).splitlines()

    assert await diff(f"{one}/diff?to={two}") == [
        "--- main\tversion 1",
        "+++ main\tversion 2",
        "@@ -3,7 +3,7 @@",
        " c",
        " d",
        " e",
        "-f",
        "+F",
        " g",
        " h",
        " i",
    ]
    assert await diff(f"{two}/diff") == [
        "--- main\tversion 2",
        "+++ main\tnow",
        "@@ -6,4 +6,4 @@",
        " F",
        " g",
        " h",
        "-i",
        "+i",
        "\\ No newline at end of file",
    ]
    assert await diff(f"{two}/diff?to={two}") == []


async def test_a_version_is_restored(desk: Desk) -> None:
    """[T7] Restoring makes the text what it was, and keeps what was there as a version."""
    await desk.put("good\n")
    good = await named(desk, "good")
    await desk.put("bad, very bad\n")
    reply = await desk.call("POST", f"/versions/{good}/restore", gateway=1)
    assert reply.status == 200, reply.body
    assert await desk.read() == await desk.read(gateway=1) == "good\n"
    assert desk.etag == f'"{reply.body["etag"]}"'
    before = await desk.call("GET", f"/versions/{reply.body['before']}")
    assert (before.body["content"], before.body["name"]) == ("bad, very bad\n", None)


async def test_two_restores_at_once(desk: Desk) -> None:
    """[T7] Restores of one version at the same moment, in several processes, have one effect: that version."""
    text = "the quick brown fox\njumps over\nthe lazy dog\n"
    await desk.put(text)
    kept = await named(desk, "kept")
    for other in ("", "x", "the lazy dog\n", text.upper()):
        await desk.put(other)
        replies = await asyncio.gather(
            *(desk.call("POST", f"/versions/{kept}/restore", gateway=n % 2) for n in range(6))
        )
        assert [reply.status for reply in replies] == [200] * 6
        assert await desk.read() == await desk.read(gateway=1) == text


async def test_what_is_not_there(desk: Desk) -> None:
    """[T6] A version that does not exist is 404, whatever is asked of it."""
    for path in ("/versions/7", "/versions/x", "/versions/99999999999", "/versions/7/diff"):
        (await desk.call("GET", path)).problem(404, "not-found")
    (await desk.call("POST", "/versions/7/restore")).problem(404, "not-found")
    await desk.put("here")
    one = await named(desk, "one")
    (await desk.call("GET", f"/versions/{one}/diff?to=7")).problem(404, "not-found")
    (await desk.call("POST", "/versions", json={"name": ""})).problem(422, "invalid")
