"""From what each gateway told of its connections to the people of a project. Pure; called by collaboration.py."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from msgspec import Raw

from schemas.collaboration import OpenDocument, Present, ShownState
from schemas.here import Attendance, Seat, Shown


@dataclass(slots=True)
class _Person:
    seats: list[Seat] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)


def people(told: Sequence[Attendance], files: Mapping[str, OpenDocument]) -> list[Present]:
    """Everybody who has a seat, whoever came first leading. `files`: where documents lie now."""
    found: dict[UUID, _Person] = {}
    for each in told:
        for seat in each.seats:
            found.setdefault(seat.user_id, _Person()).seats.append(seat)
        for shown in each.shown:
            if (person := found.get(UUID(bytes=shown.user))) is not None:
                person.shown.append(shown)
    return sorted(
        (_present(user, person, files) for user, person in found.items()),
        key=lambda present: (present.since, present.user_id),
    )


def _present(user: UUID, person: _Person, files: Mapping[str, OpenDocument]) -> Present:
    seats = sorted(person.seats, key=lambda seat: seat.since)
    documents = dict.fromkeys(seat.document for seat in seats)
    return Present(
        user_id=user,
        display_name=seats[0].name,
        role=max(seat.role for seat in seats),
        since=datetime.fromtimestamp(seats[0].since / 1000, UTC),
        connections=len(seats),
        documents=[files.get(document) or OpenDocument(document, None) for document in documents],
        presence=[
            ShownState(
                path=(files.get(shown.document) or OpenDocument(shown.document, None)).path,
                client_id=shown.client,
                state=Raw(shown.state),
            )
            for shown in person.shown
        ],
    )
