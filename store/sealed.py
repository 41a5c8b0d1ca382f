"""Secrets that must be readable again, as they lie in the database: AES-256-GCM, each bound to its row.

    nonce(12) ciphertext tag(16)        key: HKDF-SHA256 of ATRIUM_SECRET, one for each purpose

A copy of the database alone reads none of them, and a sealed value that is moved to another row does not open.
"""

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from store.errors import StoreError

NONCE_BYTES: Final = 12  # NIST SP 800-38D: random ones are safe for 2**32 values of a key
KEY_BYTES: Final = 32
WEBHOOK_SECRETS: Final = "webhook secrets"
"""The purpose of the seal that the gateway closes and the workers open."""


class Unsealable(StoreError):
    """A sealed value does not open: ATRIUM_SECRET was changed, or the row was tampered with. Store it anew."""


class Seal:
    """One purpose's key."""

    def __init__(self, secret: str, purpose: str) -> None:
        """`purpose` names what is sealed, such as `webhook secrets`."""
        derived = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"atrium " + purpose.encode())
        self._cipher = AESGCM(derived.derive(secret.encode()))

    def close(self, plain: bytes, bound_to: bytes) -> bytes:
        """Seal a value for the row that `bound_to` names."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, bound_to)

    def open(self, sealed: bytes, bound_to: bytes) -> bytes:
        """The value; raises Unsealable."""
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to)
        except (InvalidTag, ValueError):
            raise Unsealable("a sealed value does not open with this ATRIUM_SECRET") from None
