"""What gateways tell one another of who is in a project's documents. Used in gateway/, kept by store/here.py."""

from uuid import UUID

from msgspec import Struct, msgpack

from schemas.roles import Role


class Seat(Struct, frozen=True, array_like=True):
    """One connection in one document."""

    user: bytes
    """The user's id, 16 bytes."""
    name: str
    role: Role
    document: str
    """Its name without the project."""
    since: int
    """Unix time, milliseconds."""

    @property
    def user_id(self) -> UUID:
        """Whose."""
        return UUID(bytes=self.user)


class Shown(Struct, frozen=True, array_like=True):
    """What somebody shows of themselves in a document: an awareness state."""

    user: bytes
    document: str
    client: int
    state: bytes
    """A JSON object, as the client wrote it."""


class Attendance(Struct, frozen=True, array_like=True):
    """One gateway's part of a project. `total` counts also the seats that are left out because they are too many."""

    total: int
    seats: list[Seat]
    shown: list[Shown]


encode = msgpack.Encoder().encode
decode = msgpack.Decoder(Attendance).decode
