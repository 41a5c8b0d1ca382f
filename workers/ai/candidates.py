"""Which models are asked, in which order. Plugged into desk.py."""

from schemas.streams import Asked
from store.streams import StreamRow
from workers.ai.echo import NAME, echo
from workers.ai.run import Choice


def choose(row: StreamRow, asked: Asked) -> list[Choice]:
    """The candidates for a stream."""
    return [Choice(NAME, "no provider's key is set", "echo", echo)]
