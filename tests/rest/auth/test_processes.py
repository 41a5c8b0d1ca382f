"""Accounts on the real processes: what one gateway ends, every gateway refuses; limits hold across them."""

import time
from functools import partial

from tests.rest.auth.people import PASSWORD, fresh_name
from tests.support.goals import Goal
from tests.support.stack import Stack
from tests.support.waiting import wait_for


def registered(stack: Stack) -> dict[str, str]:
    name = fresh_name()
    body = {"email": f"{name}@example.com", "password": PASSWORD}
    answer = stack.call("/api/auth/register", json_body=body, expect=201)
    return {"email": body["email"]} | {key: str(answer.body[key]) for key in ("access_token", "refresh_token")}


def status(stack: Stack, gateway: int, token: str) -> int:
    return int(stack.call("/api/auth/me", gateway=gateway, token=token).status)


def refuses(stack: Stack, gateway: int, token: str) -> bool:
    return status(stack, gateway, token) == 401


def test_ended_here_is_ended_there(stack: Stack) -> None:
    """A logout at one gateway reaches the other within a second, also for a session that it had just seen."""
    goal = Goal(1.0)
    for number in range(7):
        ada = registered(stack)
        token = ada["access_token"]
        assert status(stack, 1, token) == 200
        stack.call("/api/auth/logout", token=token, json_body={}, expect=204)
        ended = time.monotonic()
        assert status(stack, 0, token) == 401
        wait_for(partial(refuses, stack, 1, token), "the other gateway to refuse", within=30)
        goal.note(f"logout {number}", time.monotonic() - ended)
    goal.check()


def test_any_gateway_goes_on(stack: Stack) -> None:
    """Refresh tokens of one gateway work at another, with the same rules."""
    ada = registered(stack)
    body = {"refresh_token": ada["refresh_token"]}
    second = stack.call("/api/auth/refresh", gateway=1, json_body=body, expect=200).body
    assert (
        stack.call("/api/auth/refresh", gateway=0, json_body=body, expect=200).body["refresh_token"]
        == (second["refresh_token"])
    )
    third = stack.call(
        "/api/auth/refresh", gateway=0, json_body={"refresh_token": second["refresh_token"]}, expect=200
    ).body
    stack.call("/api/auth/refresh", gateway=1, json_body=body, expect=401)
    stack.call("/api/auth/refresh", gateway=0, json_body={"refresh_token": third["refresh_token"]}, expect=401)


def test_mails_lie_in_the_home(stack: Stack) -> None:
    """Without a mail server the mails of `./atrium up` lie in its home, and no log has their tokens."""
    ada = registered(stack)

    def mailed() -> str | None:
        for path in (stack.home / "mail").glob("*.eml"):
            if ada["email"] in (text := path.read_text()):
                return text
        return None

    text = wait_for(mailed, "the mail", within=30)
    token = text.partition("#token=")[2].split()[0]
    assert len(token) == 43
    for name in ("gateway-1", "gateway-2"):
        logs = stack.logs(name)
        for secret in (token, PASSWORD, ada["refresh_token"], ada["access_token"]):
            assert secret not in logs
