"""Acknowledgements for clients of our own: `?acks=1` (wire-protocols of Atrium, `7f varUint(n)`)."""

from __future__ import annotations

from tests.clients.project import Project
from tests.clients.raw import STEP_1, RawClient, raw_client, text_update, update_message
from tests.support.lib0 import var_uint

ACK = b"\x7f"
CLIENT = 4711
UPDATES = 300
"""More than a byte of varUint counts, and more than one group commit takes."""


def url(project: Project, query: str = "&acks=1", role: str = "editor") -> str:
    """A document of the project, with acknowledgements."""
    return f"{project.collab()}/main?token={project.tokens[role]}{query}"


async def last_ack(raw: RawClient, number: int) -> list[int]:
    """All acknowledged numbers until `number`."""
    seen: list[int] = []
    while not seen or seen[-1] < number:
        frame = await raw.receive(ACK)
        seen.append(next(n for n in range(UPDATES * 2) if var_uint(n) == frame[1:]))
    return seen


async def test_acknowledgements_count_updates(project: Project) -> None:
    """`7f n` says that the first n updates of the connection are durable: rising, cumulative, up to the last."""
    async with raw_client(url(project)) as raw:
        await raw.send(STEP_1)
        await raw.receive(b"\x00\x01")
        for clock in range(UPDATES):
            await raw.send(update_message(text_update(CLIENT, clock, "x")))
        seen = await last_ack(raw, UPDATES)
    assert seen == sorted(set(seen))
    assert seen[-1] == UPDATES


async def test_step_2_counts_too(project: Project) -> None:
    """The answer to the server's step 1 is acknowledged like an update, also when it says nothing new."""
    async with raw_client(url(project)) as raw:
        await raw.receive(b"\x00\x00")
        await raw.send(b"\x00\x01\x02\x00\x00")
        assert await last_ack(raw, 1) == [1]
        await raw.send(update_message(text_update(CLIENT, 0, "x")))
        assert await last_ack(raw, 2) == [2]


async def test_a_repeated_update_is_acknowledged(project: Project) -> None:
    """An update that the server has already is durable already: it is acknowledged, not ignored."""
    async with raw_client(url(project)) as raw:
        update = update_message(text_update(CLIENT, 0, "x"))
        await raw.send(update)
        await last_ack(raw, 1)
        await raw.send(update)
        assert await last_ack(raw, 2) == [2]


async def test_who_does_not_ask_gets_none(project: Project) -> None:
    """Without `acks=1` no client sees a message of a kind that y-websocket does not know."""
    async with raw_client(url(project, query="")) as raw, raw_client(url(project)) as other:
        await raw.send(STEP_1)
        await raw.receive(b"\x00\x01")
        await raw.send(update_message(text_update(CLIENT, 0, "x")))
        await other.send(STEP_1)
        await other.receive(b"\x00\x01")
        await other.send(update_message(text_update(CLIENT + 1, 0, "y")))
        await last_ack(other, 1)
        while True:
            frame = await raw.receive()
            assert frame[0] in (0, 1), frame
            if frame.startswith(b"\x00\x02") and b"y" in frame:
                break
