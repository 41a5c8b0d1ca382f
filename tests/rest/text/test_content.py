"""`/api/files/{id}/content` of a text, through the real gateways."""

from __future__ import annotations

import asyncio

from tests.rest.text.conftest import Desk


async def test_what_is_put_is_read_everywhere(desk: Desk) -> None:
    """[T1] A text that was put is what every gateway answers, with an ETag that If-None-Match takes."""
    reply = await desk.put("Grüße 😀\r\n")
    assert (reply.status, reply.body["merged"], reply.body["size"]) == (200, False, 14)
    assert reply.headers["ETag"] == f'"{reply.body["etag"]}"'
    for gateway in (0, 1):
        assert await desk.read(gateway=gateway) == "Grüße 😀\r\n"
        assert desk.etag == reply.headers["ETag"]
        again = await desk.call("GET", "/content", gateway=gateway, headers={"If-None-Match": desk.etag})
        assert (again.status, again.headers["ETag"]) == (304, desk.etag)
    await desk.put("other")
    assert (await desk.call("GET", "/content", headers={"If-None-Match": reply.headers["ETag"]})).status == 200


async def test_content_of_a_new_file_is_there(desk: Desk) -> None:
    """What a file is made with is its text."""
    desk.file = await desk.make_file("made", "first\n")
    assert await desk.read() == "first\n"


async def test_old_version_is_merged(desk: Desk) -> None:
    """[T2] What others wrote since If-Match stays, and the answer says so with the text as it is."""
    await desk.put("one\ntwo\nthree\n")
    seen = desk.etag
    await desk.put("one\nTWO\nthree\n", seen=seen, gateway=1)
    reply = await desk.put("zero\none\ntwo\nthree\n", seen=seen)
    assert (reply.body["merged"], reply.body["content"]) == (True, "zero\none\nTWO\nthree\n")
    assert await desk.read(gateway=1) == "zero\none\nTWO\nthree\n"


async def test_json_body(desk: Desk) -> None:
    """The text may come as JSON."""
    reply = await desk.call("PUT", "/content", json={"content": "as JSON"})
    assert reply.status == 200
    assert await desk.read() == "as JSON"


async def test_what_is_refused(desk: Desk) -> None:
    """[T4] Unknown versions are 412, texts that are none are 400 or 422, too large ones 413; nothing is written."""
    await desk.put("here")
    for etag in ('"n-999999"', '"7"', '"n-x"', 'W/"n-1"', '"n-1", "n-2"'):
        (await desk.put("there", seen=etag)).problem(412, "stale")
    (await desk.call("PUT", "/content", raw=b"\xff\xfe", headers={"Content-Type": "text/plain"})).problem(
        400, "malformed"
    )
    (await desk.call("PUT", "/content", json={"text": "x"})).problem(422, "invalid")
    assert await desk.put_large(b"x" * (4 << 20) + b"x") == 413
    assert await desk.put_large(b"x" * (13 << 20)) == 413
    assert await desk.read() == "here"


async def test_old_versions_are_rebuilt(desk: Desk) -> None:
    """[T2] If-Match may name any version whose records are kept, also one before the latest snapshots."""
    await desk.put("begin ")
    first, text = desk.etag, "begin "
    for number in range(30):
        text += f"{number} "
        await desk.put(text, gateway=number % 2)
    # Another gateway, which did not see it, and no memory of its own.
    reply = await desk.put("Begin ", seen=first, gateway=1)
    assert reply.body["content"] == "B" + text[1:]


async def test_same_put_many_times(desk: Desk) -> None:
    """[T5] A put that is sent again and again, to all gateways at once, has its effect once."""
    await desk.put("ac")
    seen = desk.etag
    replies = await asyncio.gather(*(desk.put("abc", seen=seen, gateway=n % 2) for n in range(8)))
    assert {reply.status for reply in replies} == {200}
    assert await desk.read() == await desk.read(gateway=1) == "abc"


async def test_whole_texts_at_once(desk: Desk) -> None:
    """[T5] Without If-Match two who put at the same moment do not mix: the later one's text is there, whole."""
    await asyncio.gather(*(desk.put("the same", gateway=n % 2) for n in range(8)))
    assert await desk.read() == "the same"
    wanted = [f"text number {n}, whole\n" * 5 for n in range(8)]
    await asyncio.gather(*(desk.put(wanted[n], gateway=n % 2) for n in range(8)))
    assert await desk.read() in wanted
    assert await desk.read() == await desk.read(gateway=1)


async def test_who_may(desk: Desk) -> None:
    """Who may read reads; who may not write is refused."""
    stranger = await desk.apis[0].token()
    assert (await desk.call("GET", "/content", token=stranger)).status == 403
    assert (await desk.put("mine", token=stranger)).status == 403
    assert (await desk.call("GET", "/content", token="")).status == 401
