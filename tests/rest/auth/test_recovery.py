"""Passwords changed and replaced, addresses proved: `/api/auth/password/…`, `/api/auth/verify-email`."""

import asyncio

import bcrypt
import pytest

from tests.rest.auth.people import PASSWORD, fresh_name, login, refresh, register, works
from tests.rest.auth.site import MakeSite, Site
from tests.rest.databases import execute

NEW = "seven quiet otters"


async def test_address_is_proved_once(site: Site) -> None:
    """The token in the mail proves the address, one time."""
    ada = await register(site.api)
    assert (await site.api.call("GET", "/api/auth/me", token=ada.access)).body["user"]["email_verified"] is False
    token = await site.mails.token(ada.email)
    assert (await site.api.call("POST", "/api/auth/verify-email", json={"token": token})).status == 204
    assert (await site.api.call("GET", "/api/auth/me", token=ada.access)).body["user"]["email_verified"] is True
    again = await site.api.call("POST", "/api/auth/verify-email", json={"token": token})
    assert again.problem(422, "invalid")["errors"][0]["pointer"] == "/token"


async def test_a_newer_mail_ends_the_older_ones_token(site: Site) -> None:
    """Who asks again uses the last mail; the ones before are worth nothing."""
    ada = await register(site.api)
    old = await site.mails.token(ada.email)
    assert (await site.api.call("POST", "/api/auth/verify-email/resend", token=ada.access)).status == 202
    new = await site.mails.token(ada.email)
    (await site.api.call("POST", "/api/auth/verify-email", json={"token": old})).problem(422, "invalid")
    assert (await site.api.call("POST", "/api/auth/verify-email", json={"token": new})).status == 204


async def test_forgotten_password_is_replaced(site: Site) -> None:
    """The token in the mail sets a new password once, ends all logins, and proves the address."""
    ada = await register(site.api)
    await site.mails.mail(ada.email)
    asked = await site.api.call("POST", "/api/auth/password/forgot", json={"email": ada.email.upper()})
    assert asked.status == 202
    token = await site.mails.token(ada.email)
    (await site.api.call("POST", "/api/auth/password/reset", json={"token": token, "password": "12345678"})).problem(
        422, "invalid"
    )
    own = {"token": token, "password": f"{ada.username}!"}
    (await site.api.call("POST", "/api/auth/password/reset", json=own)).problem(422, "invalid")
    reset = {"token": token, "password": NEW}
    assert (await site.api.call("POST", "/api/auth/password/reset", json=reset)).status == 204
    (await site.api.call("POST", "/api/auth/password/reset", json=reset)).problem(422, "invalid")
    assert not await works(site.api, ada.access)
    (await refresh(site.api, ada.refresh)).problem(401, "expired")
    (await login(site.api, ada)).problem(401, "unauthenticated")
    back = await login(site.api, ada, password=NEW)
    assert back.body["user"]["email_verified"] is True
    assert "was changed" in (await site.mails.mail(ada.email)).subject


async def test_asking_for_nobody_looks_the_same(site: Site) -> None:
    """Whether an address has an account cannot be seen from the answer, and nobody else gets a mail."""
    nobody = f"{fresh_name()}@example.com"
    reply = await site.api.call("POST", "/api/auth/password/forgot", json={"email": nobody})
    assert (reply.status, reply.body) == (202, None)
    ada = await register(site.api)  # a later mail has come: an earlier one would have, too
    await site.mails.mail(ada.email)
    assert site.mails.boxes[nobody].empty()


async def test_two_use_one_token_at_once(site: Site) -> None:
    """Of many who bring the same token at the same moment, one sets the password."""
    ada = await register(site.api)
    await site.mails.mail(ada.email)
    await site.api.call("POST", "/api/auth/password/forgot", json={"email": ada.email})
    token = await site.mails.token(ada.email)
    replies = await asyncio.gather(
        *(
            site.api.call("POST", "/api/auth/password/reset", json={"token": token, "password": f"{NEW} {number}"})
            for number in range(6)
        )
    )
    assert sorted(reply.status for reply in replies) == [204, 422, 422, 422, 422, 422]


async def test_tokens_expire_and_serve_one_purpose(site: Site, database: str) -> None:
    """A token that is too old, or was made for something else, is refused."""
    ada = await register(site.api)
    verify = await site.mails.token(ada.email)
    body = {"token": verify, "password": NEW}
    (await site.api.call("POST", "/api/auth/password/reset", json=body)).problem(422, "invalid")
    execute(database, "UPDATE one_time_tokens SET expires_at = now() WHERE user_id = %s", ada.id)
    (await site.api.call("POST", "/api/auth/verify-email", json={"token": verify})).problem(422, "invalid")


async def test_no_token_is_stored(site: Site, database: str) -> None:
    """The database holds hashes of one-time tokens, and no password."""
    ada = await register(site.api)
    token = await site.mails.token(ada.email)
    for table in ("one_time_tokens", "users", "sessions", "audit_log", "happenings"):
        rows = str(execute(database, f"SELECT {table}::text FROM {table}"))
        assert token not in rows
        assert PASSWORD not in rows
        assert ada.refresh not in rows


async def test_password_is_changed(site: Site) -> None:
    """The old password is needed; other logins end, this one goes on."""
    ada = await register(site.api)
    other = (await login(site.api, ada)).body["access_token"]
    path = "/api/auth/password/change"
    for body, pointer in (
        ({"old_password": "wrong wrong wrong", "new_password": NEW}, "/old_password"),
        ({"new_password": NEW}, "/old_password"),
        ({"old_password": PASSWORD, "new_password": "qwerty123"}, "/new_password"),
    ):
        reply = await site.api.call("POST", path, token=ada.access, json=body)
        assert reply.problem(422, "invalid")["errors"][0]["pointer"] == pointer
    body = {"old_password": PASSWORD, "new_password": NEW}
    assert (await site.api.call("POST", path, token=ada.access, json=body)).status == 204
    assert await works(site.api, ada.access)
    assert not await works(site.api, other)
    assert (await login(site.api, ada, password=NEW)).status == 200


async def test_imported_hash_is_checked_and_replaced(site: Site, database: str) -> None:
    """A bcrypt hash from elsewhere signs in, and is an argon2id hash afterwards."""
    ada = await register(site.api)
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(5)).decode()
    execute(database, "UPDATE users SET password_hash = %s WHERE id = %s", hashed, ada.id)
    (await login(site.api, ada, password="wrong wrong wrong")).problem(401, "unauthenticated")
    assert (await login(site.api, ada)).status == 200
    [(kept,)] = execute(database, "SELECT password_hash FROM users WHERE id = %s", ada.id)
    assert str(kept).startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert (await login(site.api, ada)).status == 200


@pytest.mark.parametrize("status", ["active", "banned"])
async def test_first_admin_is_made_once(make_site: MakeSite, database: str, status: str) -> None:
    """Who proves ADMIN_EMAIL becomes an administrator the first time, with a line in the audit log."""
    email = f"{fresh_name('root')}@example.com"
    site = await make_site(admin_email=email.upper())
    root = await register(site.api, email=email)
    assert (await site.api.call("GET", "/api/auth/me", token=root.access)).body["user"]["role"] == "user"
    token = await site.mails.token(email)
    execute(database, "UPDATE users SET status = %s WHERE id = %s", status, root.id)
    await site.api.call("POST", "/api/auth/verify-email", json={"token": token})
    [(role,)] = execute(database, "SELECT role FROM users WHERE id = %s", root.id)
    lines = execute(database, "SELECT 1 FROM audit_log WHERE act = 'admin.first' AND actor_id = %s", root.id)
    if status == "banned":
        assert (role, len(lines)) == ("user", 0)
        return
    assert (role, len(lines)) == ("admin", 1)
    execute(database, "UPDATE users SET role = 'user', email_verified_at = NULL WHERE id = %s", root.id)
    await site.api.call("POST", "/api/auth/verify-email/resend", token=root.access)
    await site.api.call("POST", "/api/auth/verify-email", json={"token": await site.mails.token(email)})
    assert execute(database, "SELECT role FROM users WHERE id = %s", root.id) == [("user",)]
