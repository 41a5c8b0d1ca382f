"""Hashing and judging passwords (gateway/auth/passwords.py, common.py), without a server."""

import asyncio
import threading

import argon2
import bcrypt
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from gateway.auth import passwords
from gateway.auth.common import PASSWORD_MAX, objection
from gateway.auth.passwords import Passwords
from gateway.auth.settings import read_account_settings, read_blocked


async def test_hash_is_argon2id_with_owasps_parameters() -> None:
    """Hashes are argon2id with 19 MiB, two passes, one lane, and a salt of their own."""
    mine = Passwords()
    first, second = await mine.hash("a dozen blue herons"), await mine.hash("a dozen blue herons")
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second
    assert (await mine.check("a dozen blue herons", first)).right
    assert not (await mine.check("a dozen blue heron", first)).right
    mine.close()


async def test_unknown_accounts_cost_the_same_work() -> None:
    """Without a hash one is checked that has the same parameters, and it is never right."""
    mine = Passwords()
    assert argon2.extract_parameters(passwords._NOBODY) == argon2.extract_parameters(await mine.hash("x"))
    assert not (await mine.check("", None)).right
    mine.close()


@pytest.mark.parametrize("prefix", [b"2a", b"2b", b"2y"])
async def test_bcrypt_is_checked_as_it_was_made(prefix: bytes) -> None:
    """bcrypt looked at 72 bytes; longer passwords, in any script, are right by these, and get a better hash."""
    mine = Passwords()
    long = "ключ и замок " * 12
    hashed = bcrypt.hashpw(long.encode()[:72], bcrypt.gensalt(4, prefix=b"2b")).replace(b"$2b$", b"$" + prefix + b"$")
    checked = await mine.check(long, hashed.decode())
    assert checked.right
    assert checked.better is not None
    assert (await mine.check(long, checked.better)).right
    assert not (await mine.check("ключ", hashed.decode())).right
    assert not (await mine.check("a\0b", hashed.decode())).right
    mine.close()


@pytest.mark.parametrize("hashed", ["", "nonsense", "$argon2id$", "$argon2id$v=19$m=1,t=1,p=1$AA$AA", "$2b$10$short"])
async def test_broken_hash_lets_nobody_in(hashed: str) -> None:
    """A row that holds no hash is no way in."""
    mine = Passwords()
    assert not (await mine.check("", hashed)).right
    mine.close()


async def test_weaker_parameters_are_replaced() -> None:
    """A right password with a cheaper argon2 hash gets one with today's parameters."""
    mine = Passwords()
    weak = argon2.PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash("x")
    assert ((await mine.check("x", weak)).better or "").startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    mine.close()


async def test_full_queue_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the queue people are asked to come back, and the loop goes on."""
    monkeypatch.setattr(passwords, "PASSWORD_QUEUE", 3)
    go = threading.Event()
    mine = Passwords()
    busy = [asyncio.create_task(mine._run(go.wait)) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(web.HTTPServiceUnavailable) as caught:
        await mine.hash("x")
    assert caught.value.headers["Retry-After"]
    go.set()
    await asyncio.gather(*busy)
    assert await mine.hash("x")
    mine.close()


COMMON = """
    password 12345678 123456789 1234567890 qwerty123 iloveyou football baseball welcome1 Passw0rd! P@ssw0rd
    letmein123 monkey123 dragon2024! sunshine1 princess1 trustno1 admin123 abc12345 abcd1234 1q2w3e4r 1qaz2wsx
    zaq12wsx qwertyuiop asdfghjkl qwerty123456 q1w2e3r4 11111111 00000000 aaaaaaaa abcabcabc 87654321 19871224
    24.12.1987 Summer2025! liverpool1 charlie1 superman1 michael1 computer1 starwars passwordpassword atrium2026
    Atrium123! iloveyou12 jordan23 asdfasdf changeme1 hello12345 whatever1 samsung1 internet1
"""


@pytest.mark.parametrize("password", COMMON.split())
def test_common_passwords_are_refused(password: str) -> None:
    """What is tried first is refused, in its usual disguises."""
    assert objection(password) is not None


@pytest.mark.parametrize(
    "password",
    [
        "a dozen blue herons",
        "correcthorsebatterystaple",
        "x7Kd92mQ",
        "長い長い秘密の言葉です",
        "tr0ub4dor&3",
        "fünf grüne Äpfel",
    ],
)
def test_other_passwords_of_any_composition_are_taken(password: str) -> None:
    """Nobody needs digits, capitals or signs."""
    assert objection(password, ["ada@example.com", "ada", "Ada Lovelace"]) is None


@pytest.mark.parametrize("password", ["lovelace1", "Lovelace!!", "ada.l@example.com", "adalovelace"])
def test_ones_own_name_is_refused(password: str) -> None:
    """Who knows the account would try its names first."""
    assert objection(password, ["ada.l@example.com", "adalovelace", "Ada Lovelace"]) is not None


def test_lengths() -> None:
    """8 to 128 characters: not fewer, not more."""
    good = "tzwk pqdv mgxh" * 10
    assert objection(good[:7]) is not None
    assert objection(good[:8]) is None
    assert objection(good[:PASSWORD_MAX]) is None
    assert objection(good[: PASSWORD_MAX + 1]) is not None


@given(st.text(max_size=200), st.lists(st.text(max_size=50), max_size=3))
def test_any_text_is_judged(password: str, about: list[str]) -> None:
    """Judging ends, and says one of two things, whatever the text."""
    assert objection(password, about) is None or len(password) >= 0


def test_blocked_file(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The operator's file of breached passwords is used, in any case."""
    path = tmp_path_factory.mktemp("blocked") / "list.txt"
    path.write_bytes("Tzwk Pqdv Mgxh\r\n\nzweite zeile\n\xff\n".encode("latin-1"))
    settings = read_account_settings({"ATRIUM_BLOCKED_PASSWORDS": str(path)})
    blocked = read_blocked(settings.blocked_passwords)
    assert objection("tzwk pqdv mgxh", blocked=blocked) is not None
    assert objection("tzwk pqdv mgxg", blocked=blocked) is None
    with pytest.raises(ValueError, match="ATRIUM_BLOCKED_PASSWORDS"):
        read_account_settings({"ATRIUM_BLOCKED_PASSWORDS": str(path) + "x"})
