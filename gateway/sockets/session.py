"""What a connection knows of its session. One per dialect: collab.py, hocuspocus.py, events/session.py."""

from typing import Protocol

from schemas.documents import DocumentName


class Session(Protocol):
    """One dialect's side of a connection. Errors that these raise close the connection."""

    @property
    def subject(self) -> DocumentName | None:
        """The document that it is about, or was spoken of last: what lines of the log say."""

    def message(self, payload: bytes) -> None:
        """A message arrived."""

    def paused(self) -> None:
        """The socket takes no more for now."""

    def resumed(self) -> None:
        """It does again."""

    def tick(self, now: float) -> None:
        """Every 15 s: keep the client from giving up, look at deadlines."""

    def echo(self) -> None:
        """About once a second, after it was asked for with `Wheel.soon`."""

    def ended(self) -> None:
        """The connection is gone."""
