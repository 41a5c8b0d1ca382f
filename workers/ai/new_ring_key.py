"""`python -m workers.ai.new_ring_key ID`: makes a key for the ring. Prints what to put first in the two variables."""

import base64
import os
import sys

from store.key_seal import POINT_BYTES, RingEntry, public_of, read_ring


def made(name: str) -> tuple[str, str]:
    """A new key as it stands in ATRIUM_KEYRING and in ATRIUM_KEYRING_PUBLIC. Raises ValueError."""
    entry = RingEntry(name, os.urandom(POINT_BYTES))
    private, public = (f"{name}:{base64.b64encode(key).decode()}" for key in (entry.key, public_of(entry).point))
    read_ring(private)
    return private, public


def main() -> int:
    """The command."""
    if len(sys.argv) != 2:
        sys.stderr.write("usage: python -m workers.ai.new_ring_key ID, such as 2027-01\n")
        return 2
    try:
        private, public = made(sys.argv[1])
    except ValueError:
        sys.stderr.write("an id has up to 40 letters, digits, `.`, `_` or `-`, and is not `secret`\n")
        return 2
    sys.stdout.write(f"ATRIUM_KEYRING={private}\nATRIUM_KEYRING_PUBLIC={public}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
