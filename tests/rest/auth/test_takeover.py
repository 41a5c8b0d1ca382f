"""A new password gives an account back to its owner: nothing that somebody else has left there opens it any more."""

import asyncio

import bcrypt
import pytest

from gateway.auth.passwords import Checked
from tests.rest.api import Api
from tests.rest.auth.github_scene import Scene
from tests.rest.auth.held import held
from tests.rest.auth.people import PASSWORD, Person, fresh_name, login, refresh, register, works
from tests.rest.auth.site import Site
from tests.rest.databases import execute

NEW = "seven quiet otters"


async def reset(site: Site, person: Person) -> None:
    """The owner of the address forgets the password, and sets a new one."""
    assert (await site.api.call("POST", "/api/auth/password/forgot", json={"email": person.email})).status == 202
    body = {"token": await site.mails.token(person.email), "password": NEW}
    assert (await site.api.call("POST", "/api/auth/password/reset", json=body)).status == 204


async def settle_in(scene: Scene, person: Person) -> str:
    """Link GitHub to the account, make a webhook, and a platform token: the token."""
    browser, csrf = await scene.signed_in(person)
    scene.person(email=f"{fresh_name()}@example.com")
    await scene.go(browser, csrf=csrf)
    assert (await scene.me(browser))["id"] == person.id
    for path, body in (
        ("/api/webhooks", {"url": "https://hooks.example/x"}),
        ("/api/tokens", {"name": "ci", "scopes": ["read", "write"]}),
    ):
        made = await scene.site.api.call("POST", path, token=person.access, json=body)
        assert made.status == 201, made.body
    return str(made.body["token"])


def count(database: str, table: str, person: Person) -> int:
    return len(execute(database, f"SELECT id FROM {table} WHERE user_id = %s", person.id))


async def test_nothing_is_left_of_who_registered_with_anothers_address(scene: Scene, database: str) -> None:
    """Mallory registered with Vera's address: once Vera proved it by a new password, all of Mallory's ways are shut."""
    site = scene.site
    mallory = await register(site.api)
    token = await settle_in(scene, mallory)
    assert await works(site.api, token)
    await site.mails.mail(mallory.email)
    await reset(site, mallory)
    assert not await works(site.api, mallory.access)
    assert not await works(site.api, token)
    (await refresh(site.api, mallory.refresh)).problem(401, "expired")
    (await login(site.api, mallory)).problem(401, "unauthenticated")
    browser = scene.browser()
    await scene.go(browser)
    assert (await scene.me(browser))["id"] != mallory.id
    assert count(database, "webhook_endpoints", mallory) == 0
    (line,) = execute(
        database, "SELECT details FROM audit_log WHERE act = 'account.reclaimed' AND subject = %s", f"user:{mallory.id}"
    )
    assert str(scene.github.user["id"]) in str(line)
    assert (await login(site.api, mallory, password=NEW)).status == 200


async def test_who_proved_the_address_before_keeps_github_and_webhooks(scene: Scene, database: str) -> None:
    """Who merely forgot the password gets new platform tokens, and has everything else as before."""
    site = scene.site
    ada = await register(site.api)
    await site.api.call("POST", "/api/auth/verify-email", json={"token": await site.mails.token(ada.email)})
    token = await settle_in(scene, ada)
    await reset(site, ada)
    assert not await works(site.api, token)
    assert count(database, "webhook_endpoints", ada) == 1
    browser = scene.browser()
    await scene.go(browser)
    assert (await scene.me(browser))["id"] == ada.id


class Pausing:
    """Checks passwords, and answers the first time only when told to."""

    def __init__(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        self.checked, self.go_on = asyncio.Event(), asyncio.Event()
        self._check = site.parts.accounts.passwords.check
        monkeypatch.setattr(site.parts.accounts.passwords, "check", self.check)

    async def check(self, password: str, hashed: str | None) -> Checked:
        checked = await self._check(password, hashed)
        if not self.checked.is_set():
            self.checked.set()
            await self.go_on.wait()
        return checked


async def test_login_with_the_password_of_before(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sign-in that checked the old password, and comes after the new one, is refused."""
    ada = await register(site.api)
    await site.mails.mail(ada.email)
    pausing = Pausing(site, monkeypatch)
    asked = asyncio.create_task(login(site.api, ada))
    await pausing.checked.wait()
    await reset(site, ada)
    pausing.go_on.set()
    (await asked).problem(401, "unauthenticated")
    assert (await login(site.api, ada, password=NEW)).status == 200


async def test_change_with_the_password_of_before(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does a change that was proved by the old password replace the new one, from whatever session."""
    ada = await register(site.api)
    await site.mails.mail(ada.email)
    other = (await login(site.api, ada)).body["access_token"]
    path, body = "/api/auth/password/change", {"old_password": PASSWORD, "new_password": "a third one, of mallory"}
    for renew in ("reset", "change"):
        pausing = Pausing(site, monkeypatch)
        asked = asyncio.create_task(site.api.call("POST", path, token=ada.access, json=body))
        await pausing.checked.wait()
        if renew == "reset":
            await reset(site, ada)
        else:
            changed = {"old_password": body["old_password"], "new_password": PASSWORD}
            assert (await site.api.call("POST", path, token=ada.access, json=changed)).status == 204
        pausing.go_on.set()
        if renew == "reset":
            (await asked).problem(401, "expired")
        else:
            assert (await asked).problem(422, "invalid")["errors"][0]["pointer"] == "/old_password"
        assert not await works(site.api, other)
        ada.access = (await login(site.api, ada, password=NEW if renew == "reset" else PASSWORD)).body["access_token"]
        body["old_password"] = NEW


async def test_better_hash_is_the_same_password(site: Site, database: str) -> None:
    """Several who sign in at once with a hash brought along from elsewhere all get in, whoever replaces it."""
    ada = await register(site.api)
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(5)).decode()
    execute(database, "UPDATE users SET password_hash = %s WHERE id = %s", hashed, ada.id)
    replies = await asyncio.gather(*(login(site.api, ada) for _ in range(6)))
    assert [reply.status for reply in replies] == [200] * 6


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/tokens", {"name": "ci", "scopes": ["read"]}),
        ("/api/webhooks", {"url": "https://hooks.example/x"}),
        ("/api/auth/password/change", {"old_password": PASSWORD, "new_password": NEW}),
    ],
)
async def test_session_that_ends_meanwhile_adds_no_way_in(
    api: Api, database: str, path: str, body: dict[str, object]
) -> None:
    """A request that was let in just before its session ended leaves nothing behind that outlives it."""
    ada = await register(api)
    async with held(database, ada.id) as account:
        asked = asyncio.create_task(api.call("POST", path, token=ada.access, json=body))
        await account.waits(asked)
        await account.connection.execute("UPDATE sessions SET revoked_at = now() WHERE user_id = %s", (ada.id,))
    (await asked).problem(401, "expired")
    assert count(database, "webhook_endpoints", ada) == 0
    assert (await login(api, ada)).status == 200


async def test_linking_waits_for_a_new_password(scene: Scene, database: str) -> None:
    """Who comes back from GitHub while their session is being ended links nothing."""
    ada = await register(scene.site.api)
    browser, csrf = await scene.signed_in(ada)
    scene.person()
    async with held(database, ada.id) as account:
        asked = asyncio.create_task(scene.go(browser, csrf=csrf))
        await account.waits(asked)
        await account.connection.execute("UPDATE sessions SET revoked_at = now() WHERE user_id = %s", (ada.id,))
    assert (await asked).query == {"error": "SessionRequired"}
    assert count(database, "identities", ada) == 0


async def test_unlinked_github_waits_for_a_new_password(scene: Scene, database: str) -> None:
    """Who comes back from GitHub while it is being unlinked is not let in."""
    ada = await register(scene.site.api)
    await settle_in(scene, ada)
    async with held(database, ada.id) as account:
        asked = asyncio.create_task(scene.go(scene.browser()))
        await account.waits(asked)
        await account.connection.execute("DELETE FROM identities WHERE user_id = %s", (ada.id,))
    assert (await asked).query == {"error": "AccessDenied"}


async def test_guest_whose_session_ends_meanwhile_does_not_register(api: Api, database: str) -> None:
    """A guest is made an account by a session that is good until it is done."""
    guest = await api.guest()
    user_id, token = guest["user"]["id"], guest["access_token"]
    body = {"email": f"{fresh_name()}@example.com", "password": PASSWORD}
    async with held(database, user_id) as account:
        asked = asyncio.create_task(api.call("POST", "/api/auth/register", token=token, json=body))
        await account.waits(asked)
        await account.connection.execute("UPDATE sessions SET revoked_at = now() WHERE user_id = %s", (user_id,))
    (await asked).problem(401, "expired")
    assert (await api.call("POST", "/api/auth/register", json=body)).status == 201
