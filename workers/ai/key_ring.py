"""Opens keys of users: the only code that can. The ring is ATRIUM_KEYRING, then the key made of ATRIUM_SECRET.

The newest key closes what is sealed again (reseal.py), all open. Gateways only close: store/key_seal.py.
"""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from store.key_seal import NONCE_BYTES, POINT_BYTES, bound_to, cipher_key, private_of_secret, public_of, read_ring
from store.user_keys import SealedKey


class Unopenable(Exception):
    """A sealed key does not open: its key left the ring, or the row was tampered with. Its owner sets it anew."""


class KeyRing:
    """One per AI worker."""

    def __init__(self, ring: str, secret: str) -> None:
        """Raises ValueError where `ring` is not one."""
        entries = (*read_ring(ring), private_of_secret(secret))
        self.newest = public_of(entries[0])
        self._privates = {entry.id: X25519PrivateKey.from_private_bytes(entry.key) for entry in entries}

    def open(self, row: SealedKey) -> str:
        """The key; raises Unopenable. It goes to its provider and nowhere else."""
        private = self._privates.get(row.ring_key)
        if private is None:
            raise Unopenable(f"the key ring has no {row.ring_key!r} any more")
        ephemeral, rest = row.sealed[:POINT_BYTES], row.sealed[POINT_BYTES:]
        try:
            agreed = private.exchange(X25519PublicKey.from_public_bytes(ephemeral))
            key = cipher_key(agreed, ephemeral, private.public_key().public_bytes_raw())
            bound = bound_to(row.user_id, row.provider, row.id)
            return AESGCM(key).decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], bound).decode()
        except (InvalidTag, ValueError):
            raise Unopenable("a sealed key does not open") from None

    def close_again(self, row: SealedKey) -> bytes:
        """The same key, sealed by the newest of the ring. Raises Unopenable."""
        return self.newest.close(self.open(row).encode(), row.user_id, row.provider, row.id)
