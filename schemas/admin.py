"""What administrators see of the instance itself. Used by gateway/routes/admin.py."""

from msgspec import Struct


class Component(Struct, frozen=True):
    """One part of the instance."""

    name: str
    status: str  # "ok", or what is wrong


class LiveGateway(Struct, frozen=True):
    """A gateway that gave a sign of life lately."""

    name: str
    url: str  # its WebSocket base
    connections: int


class Backlog(Struct, frozen=True):
    """Work that waits. All of it is near zero in a healthy instance."""

    unsaved_documents: int  # have records without a snapshot
    snapshot_lag: float  # seconds that the longest of them has waited
    jobs: int  # that no worker has taken yet
    untold: int  # happenings that are not in their topic's log yet
    untold_age: float  # seconds of the oldest


class InstanceHealth(Struct, frozen=True):
    """`GET /api/admin/health`."""

    healthy: bool
    version: str
    answered_by: str
    components: list[Component]
    gateways: list[LiveGateway]
    backlog: Backlog | None  # null while the stores cannot be asked


class LiveRoom(Struct, frozen=True):
    """A document that the gateway which answered has open."""

    document: str
    peers: int
    durable: bool  # all that was accepted is in the log
