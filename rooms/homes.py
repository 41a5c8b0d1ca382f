"""A room's home: the gateway where its connections should meet, by rendezvous hashing.

Each gateway's score for a project is a hash of both; the highest wins. When a gateway comes or goes, only the rooms
that it wins or had move (Thaler and Ravishankar, 1998).
"""

from collections.abc import Iterable
from hashlib import blake2b


def home(project: str, gateways: Iterable[str]) -> str | None:
    """The id of the project's home among these gateways, None where there are none."""
    return max(gateways, key=lambda gateway: _score(project, gateway), default=None)


def _score(project: str, gateway: str) -> bytes:
    return blake2b(f"{project} {gateway}".encode(), digest_size=8).digest()
