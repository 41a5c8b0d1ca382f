"""Keys of users are sealed by gateways, opened by AI workers alone, and outlive changes of the key ring."""

import ast
import subprocess
import sys
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.launch.settings import CHECKOUT
from schemas.ids import new_id
from store.key_seal import FROM_SECRET, closing, public_of, read_ring
from store.postgres import Postgres
from store.user_keys import SealedKey, add_key, find_sealed, remove_key
from workers.ai.key_ring import KeyRing, Unopenable
from workers.ai.new_ring_key import made
from workers.ai.reseal import reseal

SECRET = "a secret for tests that has more than 32 bytes"
KEY = "sk-0123456789abcdef"


def sealed(ring_public: str = "", *, key: str = KEY, owner: UUID | None = None) -> SealedKey:
    """A row as a gateway writes it."""
    row, owner = uuid4(), owner or uuid4()
    close = closing(ring_public, SECRET)
    return SealedKey(row, owner, "openai", close.id, close.close(key.encode(), owner, "openai", row))


@given(st.text(alphabet=st.characters(codec="ascii", categories=["L", "N", "P"]), min_size=1, max_size=500))
def test_what_is_closed_opens(key: str) -> None:
    """The key comes back whole, and no two seals of it are alike."""
    ring, owner = KeyRing("", SECRET), uuid4()
    first, second = (sealed(key=key, owner=owner) for _ in range(2))
    assert ring.open(first) == ring.open(second) == key
    assert first.sealed != second.sealed
    assert key.encode() not in first.sealed or len(key) < 8


def test_bound_to_owner_provider_and_row() -> None:
    """Moved to another owner, provider or row, or changed in any byte, it does not open."""
    ring, row = KeyRing("", SECRET), sealed()
    elsewhere = [
        SealedKey(uuid4(), row.user_id, row.provider, row.ring_key, row.sealed),
        SealedKey(row.id, uuid4(), row.provider, row.ring_key, row.sealed),
        SealedKey(row.id, row.user_id, "anthropic", row.ring_key, row.sealed),
        SealedKey(row.id, row.user_id, row.provider, row.ring_key, row.sealed[:20]),
    ]
    for at in range(len(row.sealed)):
        changed = row.sealed[:at] + bytes([row.sealed[at] ^ 1]) + row.sealed[at + 1 :]
        elsewhere.append(SealedKey(row.id, row.user_id, row.provider, row.ring_key, changed))
    # X25519 ignores one bit of a point (RFC 7748, section 5), but the point itself is hashed into the key.
    for each in elsewhere:
        with pytest.raises(Unopenable):
            ring.open(each)


def test_the_newest_seals_and_all_open() -> None:
    """Old seals open while their key is in the ring, and no longer."""
    (old, old_public), (new, new_public) = made("2026-01"), made("2027-01")
    by_secret, by_old, by_new = sealed(), sealed(old_public), sealed(f"{new_public} {old_public}")
    assert (by_secret.ring_key, by_old.ring_key, by_new.ring_key) == (FROM_SECRET, "2026-01", "2027-01")
    ring = KeyRing(f"{new} {old}", SECRET)
    assert ring.newest.id == "2027-01"
    assert [ring.open(each) for each in (by_secret, by_old, by_new)] == [KEY] * 3
    with pytest.raises(Unopenable, match="2026-01"):
        KeyRing(new, SECRET).open(by_old)
    with pytest.raises(Unopenable):
        KeyRing("", "another secret that has more than 32 bytes, too").open(by_secret)


async def test_sealing_again(postgres: Postgres) -> None:
    """The chore seals what older keys closed, so that they may leave the ring; what does not open stays as it is."""
    (old, old_public), (new, _) = made("2026-01"), made(f"new-{uuid4().hex[:8]}")
    await postgres.execute("DELETE FROM user_keys")
    user = new_id()
    await postgres.execute(
        "INSERT INTO users (id, display_name, is_guest, tier) VALUES (%(id)s, 'x', false, 'free')", {"id": user}
    )
    rows = [sealed(old_public, owner=user) for _ in range(5)]
    broken = SealedKey(uuid4(), user, "openai", "2026-01", b"nothing that opens" * 5)
    for row in (*rows, broken):
        await add_key(
            postgres, row.id, user, row.provider, str(row.id), last4="x", sealed=row.sealed, ring_key=row.ring_key
        )
    assert await reseal(postgres, KeyRing(f"{new} {old}", SECRET), batch=2) == 5
    only_new = KeyRing(new, SECRET)
    for row in rows:
        found = await find_sealed(postgres, row.id)
        assert found is not None
        assert only_new.open(found) == KEY
    assert await reseal(postgres, only_new, batch=2) == 0
    assert await remove_key(postgres, user, broken.id)


@pytest.mark.parametrize(
    "value", ["x", "a:b", f"secret:{'A' * 43}=", f"a:{'A' * 43}= a:{'B' * 42}A=", f"a b:{'A' * 43}="]
)
def test_rings_that_are_none(value: str) -> None:
    """A ring that cannot be used is refused, and not repeated."""
    with pytest.raises(ValueError) as refused:
        read_ring(value)
    assert "AAAA" not in str(refused.value)


def test_rings_stay_out_of_reprs() -> None:
    """Neither a ring nor an opened key shows in a repr."""
    private, public = made("a")
    secret = private.partition(":")[2].rstrip("=")
    (entry,) = read_ring(private)
    assert secret not in repr(entry) + repr(public_of(entry)) + repr(KeyRing(private, SECRET))
    assert str(entry.key) not in repr(entry)
    assert public.partition(":")[0] == "a"


def test_no_gateway_can_open() -> None:
    """No gateway loads code of workers, and nothing else than the AI worker's key ring opens what is sealed so."""
    code = "import gateway.__main__, sys; print([name for name in sys.modules if name.split('.')[0] == 'workers'])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=CHECKOUT)
    assert said.stdout.strip() == "[]"
    opening = {"exchange", "from_private_bytes", "decrypt", "private_of_secret"}
    found = {path for name in opening for path in users_of(name)}
    assert found == {"store/key_seal.py", "store/sealed.py", "workers/ai/key_ring.py"}
    # store/sealed.py opens secrets of webhooks, by another key; store/key_seal.py closes, and derives public halves.
    assert "store/key_seal.py" not in users_of("decrypt")


def users_of(name: str) -> set[str]:
    """The files of Atrium, tests aside, that use a name."""
    files = (path for top in ("gateway", "rooms", "schemas", "store", "workers", "ai_router") for path in walk(top))
    return {
        str(path.relative_to(CHECKOUT))
        for path in files
        if "cryptography" in path.read_text() or name == "private_of_secret"
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Attribute) and node.attr == name)
        or (isinstance(node, ast.Name) and node.id == name == "private_of_secret")
    }


def walk(top: str) -> list[Path]:
    """Its Python files."""
    return sorted((CHECKOUT / top).rglob("*.py"))
