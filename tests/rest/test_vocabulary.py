"""Ids, roles and close codes (schemas/), and addresses (gateway/): pure rules."""

import os
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.addresses import client_address
from schemas.close_codes import CloseCode
from schemas.ids import new_id, parse_id, uuid7
from schemas.roles import Role

PROXIES = (ip_network("10.0.0.0/8"), ip_network("::1"))


def test_ids_sort_by_time() -> None:
    """An id of a later millisecond is greater, whatever its random part."""
    assert uuid7(1_000, b"\xff" * 10) < uuid7(1_001, b"\x00" * 10)


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_ids_are_version_7(milliseconds: int, random: bytes) -> None:
    """Every id has RFC 9562's version, variant and time, and is read back from its text."""
    made = uuid7(milliseconds, random)
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert made.int >> 80 == milliseconds
    assert parse_id(str(made)) == made


def test_ids_differ() -> None:
    """Ids of the same millisecond differ."""
    assert len({uuid7(5, os.urandom(10)) for _ in range(1_000)} | {new_id() for _ in range(1_000)}) == 2_000


@given(st.text(max_size=40))
def test_other_spellings_are_refused(text: str) -> None:
    """Only the canonical spelling is an id: no braces, capitals, or missing hyphens."""
    for spelling in (text, str(new_id()).upper(), new_id().hex, f"{{{new_id()}}}", f"urn:uuid:{new_id()}"):
        with pytest.raises(ValueError, match=r"an id is|badly formed|invalid literal"):
            parse_id(spelling)


def test_roles_are_ordered() -> None:
    """Each role is above the next: owner, admin, editor, commenter, viewer."""
    assert sorted(Role, reverse=True) == [Role.OWNER, Role.ADMIN, Role.EDITOR, Role.COMMENTER, Role.VIEWER]
    assert [role for role in Role if role.may_write] == [Role.OWNER, Role.ADMIN, Role.EDITOR]


def test_close_codes_stay() -> None:
    """Clients know these numbers."""
    assert (CloseCode.UNAUTHENTICATED, CloseCode.FORBIDDEN, CloseCode.NOT_FOUND) == (4401, 4403, 4404)
    assert (CloseCode.MALFORMED, CloseCode.AUTH_TIMEOUT, CloseCode.RATE_LIMITED) == (4400, 4408, 4429)
    assert (CloseCode.GOING_AWAY, CloseCode.TOO_BIG, CloseCode.RESTART, CloseCode.OVERLOAD) == (1001, 1009, 1012, 1013)


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("1.2.3.4", [], "1.2.3.4"),
        ("1.2.3.4", ["9.9.9.9"], "1.2.3.4"),
        ("10.0.0.1", ["9.9.9.9"], "9.9.9.9"),
        ("10.0.0.1", ["6.6.6.6, 9.9.9.9"], "9.9.9.9"),
        ("10.0.0.1", ["9.9.9.9, 10.0.0.2"], "9.9.9.9"),
        ("10.0.0.1", ["6.6.6.6", "9.9.9.9"], "9.9.9.9"),
        ("10.0.0.1", ["nonsense"], "10.0.0.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("::ffff:10.0.0.1", ["9.9.9.9"], "9.9.9.9"),
        ("::1", ["2001:db8::1"], "2001:db8::1"),
        ("", ["9.9.9.9"], ""),
    ],
)
def test_only_trusted_proxies_are_believed(peer: str, forwarded: list[str], address: str) -> None:
    """The client is the nearest hop that is no trusted proxy; what it wrote itself does not count."""
    assert client_address(peer, forwarded, PROXIES) == address
