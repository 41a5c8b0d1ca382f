"""Everybody moves a cursor once a second: cores used, and how many cursor states reach the others within 250 ms.

For each state and each other client it counts whether that client got this state, or a newer one of the same author,
in time.
"""

import random

from loadtest.crowd import Crowd, perform
from loadtest.measure import Interval, Measured, Task, saturated, undisturbed
from loadtest.measure.crowded import crowded
from loadtest.servers import Server
from loadtest.shapes import Shape
from loadtest.tally import Tally, count_states

SEEN_WITHIN_SECONDS = 0.25
#: Seconds that a server gets to deliver what it fell behind with. Far more than SEEN_WITHIN_SECONDS: what comes later
#: is late in any case.
DRAIN_SECONDS = 2.0


async def measure(server: Server, shape: Shape, task: Task) -> Measured:
    async with crowded(server, shape, task, "moving cursors") as (crowd, measured):
        with undisturbed():
            await perform(moves(crowd, shape, max(shape.warmup, 1.0 / shape.rate)), crowd.move)
            await crowd.quiet(DRAIN_SECONDS)
            count_states(crowd.receivers, crowd.sent, Tally(float("inf")))
            plan = moves(crowd, shape, shape.seconds)
            expected = len(plan) * (shape.clients - 1)
            crowd.sample(expected)
            interval = Interval(server)
            await perform(plan, crowd.move)
            cpu = interval.end(measured)
            kept_up = await crowd.quiet(DRAIN_SECONDS)
            tally = Tally(interval.begin)
            count_states(crowd.receivers, crowd.sent, tally)
        sampled = sum(len(plan) // shape.clients * (shape.clients - 1) for each in crowd.receivers if each.sampled)
        in_time = sum(1 for latency in tally.latencies if latency <= SEEN_WITHIN_SECONDS)
        measured.notes += sorted(set(crowd.gone()))[:3]
        if not kept_up:
            measured.notes.append(saturated(DRAIN_SECONDS))
        measured.metrics |= {
            "cores": cpu / measured.metrics["seconds"],
            "late_percent": max(0.0, 100.0 * (1.0 - in_time / sampled)),
            "p50_ms": tally.percentile(0.50) * 1e3,
            "p99_ms": tally.percentile(0.99) * 1e3,
            "delivered_percent": 100.0 * tally.delivered / expected,
            "delivered": tally.delivered,
            "lost": expected - tally.delivered,
        }
    return measured


def moves(crowd: Crowd, shape: Shape, seconds: float) -> list[tuple[float, int]]:
    """(second, author): each client at its own random phase, then every 1/`rate` seconds; whole rounds, so that all
    move equally often.
    """
    chance = random.Random(3)
    plan = []
    for author in range(crowd.rooms * crowd.clients):
        phase = chance.uniform(0.0, 1.0 / shape.rate)
        plan += [(phase + turn / shape.rate, author) for turn in range(max(1, int(seconds * shape.rate)))]
    return sorted(plan)
