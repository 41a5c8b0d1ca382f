"""Where one is signed in, and how refresh tokens follow one another on a real database."""

import asyncio

import pytest

from gateway.auth.seen import Seen
from gateway.auth.tokens import Tokens
from store.postgres import Postgres
from store.sessions import find_session, remove_old
from tests.rest.api import Api
from tests.rest.auth.held import held
from tests.rest.auth.people import login, refresh, register, works
from tests.rest.databases import execute


async def test_sessions_are_listed_and_ended_one_by_one(api: Api) -> None:
    """Every login is listed with where it came from; ending one ends its tokens alone, and at once."""
    ada = await register(api)
    other = (await login(api, ada)).body
    listed = (await api.call("GET", "/api/auth/sessions", token=ada.access)).body["items"]
    assert [each["current"] for each in listed] == [False, True]
    assert all(each["address"] and each["user_agent"] for each in listed)
    assert await works(api, other["access_token"])
    path = f"/api/auth/sessions/{listed[0]['id']}"
    assert (await api.call("DELETE", path, token=ada.access)).status == 204
    assert not await works(api, other["access_token"])
    assert await works(api, ada.access)
    (await api.call("DELETE", path, token=ada.access)).problem(404, "not-found")


async def test_nobody_ends_the_session_of_another(api: Api) -> None:
    """Another user's session is not there."""
    ada, eve = await register(api), await register(api)
    [hers] = (await api.call("GET", "/api/auth/sessions", token=ada.access)).body["items"]
    (await api.call("DELETE", f"/api/auth/sessions/{hers['id']}", token=eve.access)).problem(404, "not-found")
    assert await works(api, ada.access)


async def test_many_tabs_refresh_at_once(api: Api) -> None:
    """Tabs that send the same token at the same moment all get the same next one, which works."""
    ada = await register(api)
    replies = await asyncio.gather(*(refresh(api, ada.refresh) for _ in range(20)))
    assert {reply.status for reply in replies} == {200}
    [following] = {reply.body["refresh_token"] for reply in replies}
    assert (await refresh(api, following)).status == 200


async def test_old_token_ends_the_login(api: Api, database: str) -> None:
    """A token from before the last exchange means that two people have it: the login ends, with a line for admins."""
    ada = await register(api)
    second = (await refresh(api, ada.refresh)).body
    third = (await refresh(api, second["refresh_token"])).body
    (await refresh(api, ada.refresh)).problem(401, "expired")
    (await refresh(api, third["refresh_token"])).problem(401, "expired")
    assert not await works(api, third["access_token"])
    lines = execute(database, "SELECT details->>'generation' FROM audit_log WHERE act = 'refresh.reused' "
                              "AND subject = %s", f"user:{ada.id}")  # fmt: skip
    assert lines == [("0",)]
    told = execute(
        database, "SELECT count(*) FROM happenings WHERE topic = 'access' AND kind = 'session.ended' "
                  "AND data->>'session_id' IN (SELECT id::text FROM sessions WHERE user_id = %s)", ada.id
    )  # fmt: skip
    assert told == [(1,)]


@pytest.mark.parametrize("arrived", [False, True])
async def test_late_return_with_the_token_before(api: Api, database: str, arrived: bool) -> None:
    """Days later the token before the current one is good if nobody came with what it brought, theft otherwise."""
    ada = await register(api)
    lost = (await refresh(api, ada.refresh)).body
    if arrived:
        assert await works(api, lost["access_token"])
        seen = "SELECT refresh_seen FROM sessions WHERE user_id = %s"
        async with asyncio.timeout(30):
            while execute(database, seen, ada.id) != [(1,)]:  # written beside the request
                await asyncio.to_thread(lambda: None)
    execute(database, "UPDATE sessions SET refreshed_at = now() - interval '3 days' WHERE user_id = %s", ada.id)
    back = await refresh(api, ada.refresh)
    if arrived:
        back.problem(401, "expired")
        return
    assert back.status == 200
    # Whoever has the lost answer is not the one who came back.
    (await refresh(api, lost["refresh_token"])).problem(401, "expired")
    (await refresh(api, back.body["refresh_token"])).problem(401, "expired")


async def test_use_is_noted_while_an_earlier_one_is_written(
    api: Api, tokens: Tokens, database: str, postgres: Postgres
) -> None:
    """The first use of a newer token is not lost because the note of an older one is still under way."""
    session_id = tokens.verify_access((await register(api)).access).session_id
    row = await find_session(postgres, session_id)
    assert row is not None
    forgotten = asyncio.Event()
    seen = Seen(postgres, lambda _: forgotten.set())
    async with held(database, str(session_id), "sessions") as session:
        seen.note(row, 1)
        await session.waits()
        seen.note(row, 2)
    async with asyncio.timeout(30):
        await forgotten.wait()
    assert execute(database, "SELECT refresh_seen FROM sessions WHERE id = %s", session_id) == [(2,)]


async def test_login_ends_after_its_longest_time(api: Api, database: str) -> None:
    """Refreshing goes on for half a year, then it takes the password again; guests, who have none, go on."""
    ada, guest = await register(api), await api.guest()
    for user in (ada.id, guest["user"]["id"]):
        execute(database, "UPDATE sessions SET created_at = now() - interval '179 days' WHERE user_id = %s", user)
    assert (await refresh(api, ada.refresh)).status == 200
    assert (await refresh(api, guest["refresh_token"])).status == 200
    ends = "SELECT round(extract(epoch FROM expires_at - now()) / 86400) FROM sessions WHERE user_id = %s"
    assert execute(database, ends, ada.id) == [(1,)]
    assert execute(database, ends, guest["user"]["id"]) == [(30,)]


async def test_banned_people_do_not_go_on(api: Api, database: str) -> None:
    """A ban ends refreshing, and the right password says why."""
    ada = await register(api)
    execute(database, "UPDATE users SET status = 'banned' WHERE id = %s", ada.id)
    (await refresh(api, ada.refresh)).problem(401, "expired")
    (await login(api, ada)).problem(403, "forbidden")
    (await login(api, ada, password="wrong wrong wrong")).problem(401, "unauthenticated")


async def test_logins_are_bounded(api: Api, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit the oldest login ends for a new one."""
    monkeypatch.setattr("gateway.auth.logins.SESSIONS", 2)
    ada = await register(api)
    second = (await login(api, ada)).body
    assert (await login(api, ada)).status == 200
    assert not await works(api, ada.access)
    assert await works(api, second["access_token"])


async def test_long_ended_sessions_are_removed(api: Api, database: str, postgres: Postgres) -> None:
    """A month after it expired a session's row goes; younger ones stay."""
    ada, eve = await register(api), await register(api)
    for user, days in ((ada.id, 31), (eve.id, 29)):
        execute(
            database,
            "UPDATE sessions SET expires_at = now() - make_interval(days => %s) WHERE user_id = %s",
            days,
            user,
        )
    assert await remove_old(postgres, 30, 1_000) >= 1
    left = execute(database, "SELECT user_id::text FROM sessions WHERE user_id IN (%s, %s)", ada.id, eve.id)
    assert left == [(eve.id,)]


async def test_access_token_names_its_generation(api: Api, tokens: Tokens) -> None:
    """So that its use shows that the answer that brought it arrived."""
    ada = await register(api)
    answer = (await refresh(api, ada.refresh)).body
    assert tokens.verify_access(answer["access_token"]).generation == 1
    assert tokens.verify_access(ada.access).generation == 0
