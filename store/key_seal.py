"""Keys of users as they lie in the database: sealed by gateways, opened by AI workers alone (workers/ai/key_ring.py).

    ephemeral public key(32) nonce(12) ciphertext tag(16)
    AES-256-GCM; its key: HKDF-SHA256 of the X25519 agreement between a fresh key pair and a public key of the ring
    associated data: owner(16) row(16) provider

A public key closes and does not open. What is moved to another owner, provider or row does not open either.
"""

import base64
import os
import re
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

POINT_BYTES: Final = 32  # RFC 7748
NONCE_BYTES: Final = 12
FROM_SECRET: Final = "secret"
"""The id of the key that is made of ATRIUM_SECRET, where no ring is set."""
_ENTRY: Final = re.compile(r"([A-Za-z0-9._-]{1,40}):([A-Za-z0-9+/_-]{43}=?)")


@dataclass(frozen=True, slots=True)
class RingPublic:
    """The public half of one key of the ring; `id` stands beside what it closed."""

    id: str
    point: bytes

    def close(self, plain: bytes, owner: UUID, provider: str, row: UUID) -> bytes:
        """Seal a key for its row."""
        fresh = X25519PrivateKey.generate()
        mine = fresh.public_key().public_bytes_raw()
        agreed = fresh.exchange(X25519PublicKey.from_public_bytes(self.point))
        nonce = os.urandom(NONCE_BYTES)
        sealed = AESGCM(cipher_key(agreed, mine, self.point)).encrypt(nonce, plain, bound_to(owner, provider, row))
        return mine + nonce + sealed


@dataclass(frozen=True, slots=True)
class RingEntry:
    """An id and 32 bytes, as the environment gives them: private in ATRIUM_KEYRING, public in ATRIUM_KEYRING_PUBLIC."""

    id: str
    key: bytes = field(repr=False)


def read_ring(value: str) -> tuple[RingEntry, ...]:
    """`id:BASE64 …`, the newest first. Raises ValueError, which does not repeat the value."""
    entries = []
    for part in value.replace(",", " ").split():
        match = _ENTRY.fullmatch(part)
        if match is None or match[1] == FROM_SECRET:
            raise ValueError(
                "a key ring is a list of id:BASE64, 32 bytes each; `python -m workers.ai.new_ring_key` makes one"
            )
        text = match[2].translate(str.maketrans("-_", "+/")).rstrip("=")
        entries.append(RingEntry(match[1], base64.b64decode(text + "=")))
    if len({entry.id for entry in entries}) < len(entries):
        raise ValueError("two keys of a key ring have the same id")
    return tuple(entries)


def closing(ring: str, secret: str) -> RingPublic:
    """What a gateway closes with: the newest of ATRIUM_KEYRING_PUBLIC, otherwise the one made of ATRIUM_SECRET."""
    for entry in read_ring(ring):
        return RingPublic(entry.id, entry.key)
    return public_of(private_of_secret(secret))


def public_of(entry: RingEntry) -> RingPublic:
    """The public half of a private key."""
    return RingPublic(entry.id, X25519PrivateKey.from_private_bytes(entry.key).public_key().public_bytes_raw())


def private_of_secret(secret: str) -> RingEntry:
    """The key made of ATRIUM_SECRET."""
    derived = HKDF(algorithm=SHA256(), length=POINT_BYTES, salt=None, info=b"atrium user keys")
    return RingEntry(FROM_SECRET, derived.derive(secret.encode()))


def cipher_key(agreed: bytes, ephemeral: bytes, ring: bytes) -> bytes:
    """The AES key of one sealed value; both public keys go into it, as in RFC 9180's DHKEM."""
    return HKDF(algorithm=SHA256(), length=32, salt=ephemeral + ring, info=b"atrium user key").derive(agreed)


def bound_to(owner: UUID, provider: str, row: UUID) -> bytes:
    """The associated data."""
    return owner.bytes + row.bytes + provider.encode()
