"""What the audit log has of signing in: every attempt, good or not, with who, when, from where and how."""

from tests.rest.api import Api
from tests.rest.auth.people import Person, login, refresh, register
from tests.rest.databases import execute


def acts(database: str, person: Person) -> list[str]:
    """The acts about somebody, in order."""
    statement = "SELECT act FROM audit_log WHERE subject = %s ORDER BY id"
    return [str(act) for (act,) in execute(database, statement, f"user:{person.id}")]


async def test_every_attempt_is_written_down(api: Api, database: str) -> None:
    """A sign-in, one with a wrong password, a change with a wrong old one, and signing out."""
    ada = await register(api)
    before = len(acts(database, ada))
    assert (await login(api, ada)).status == 200
    assert (await login(api, ada, password="another dozen herons")).status == 401
    change = {"old_password": "another dozen herons", "new_password": "two dozen blue herons"}
    (await api.call("POST", "/api/auth/password/change", token=ada.access, json=change)).problem(422, "invalid")
    assert (await api.call("POST", "/api/auth/logout", token=ada.access)).status == 204
    assert acts(database, ada)[before:] == ["login", "login.failed", "password.wrong", "logout"]
    lines = execute(
        database, "SELECT actor_id, host(address::inet), request_id, details->>'how' FROM audit_log "
        "WHERE subject = %s AND act = 'login' ORDER BY id DESC LIMIT 1", f"user:{ada.id}",
    )  # fmt: skip
    ((actor, address, request_id, how),) = lines
    assert (str(actor), address, how) == (ada.id, "127.0.0.1", "password")
    assert len(str(request_id)) >= 8


async def test_attempts_at_nobodys_account_are_written_down(api: Api, database: str) -> None:
    """Who tries names is seen too, by address; the name and the password that were tried are kept nowhere."""
    tried = {"email": "nobody-at-all@example.com", "password": "a secret of mine"}
    (await api.call("POST", "/api/auth/login", json=tried)).problem(401, "unauthenticated")
    ((subject, line),) = execute(
        database, "SELECT subject, row_to_json(audit_log)::text FROM audit_log WHERE act = 'login.failed' "
        "ORDER BY id DESC LIMIT 1",
    )  # fmt: skip
    assert subject == ""
    assert "nobody-at-all" not in str(line)
    assert "a secret" not in str(line)


async def test_a_thief_is_written_down(api: Api, database: str) -> None:
    """A refresh token that two people hold."""
    ada = await register(api)
    fresh = (await refresh(api, ada.refresh)).body
    newer = (await refresh(api, fresh["refresh_token"])).body
    assert (await api.call("GET", "/api/auth/me", token=newer["access_token"])).status == 200
    assert (await refresh(api, ada.refresh)).status == 401
    assert acts(database, ada)[-1] == "refresh.reused"
