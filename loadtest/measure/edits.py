"""Editors type, everybody else reads: CPU per delivered edit and the time from an edit's departure to its arrival.

A delivered edit is one that another client of the room received; the author's own echo does not count. The measured
interval ends when the last edit arrived. Then a client joins and must be given all of it.

A server that cannot keep up is not waited for: the interval then ends DRAIN_SECONDS after the last edit left. What
arrived during it, of whatever age, is what its CPU time paid for; how much of what was sent arrived is said beside it.
"""

from loadtest.crowd import Crowd, perform, schedule
from loadtest.measure import Interval, Measured, Task, saturated, undisturbed
from loadtest.measure.crowded import crowded
from loadtest.servers import Server
from loadtest.shapes import Shape
from loadtest.tally import Tally, count_edits, missing

#: Seconds that a server gets to deliver what it fell behind with: a hundred times what one needs that keeps up.
DRAIN_SECONDS = 4.0


async def measure(server: Server, shape: Shape, task: Task) -> Measured:
    async with crowded(server, shape, task, "typing") as (crowd, measured):
        with undisturbed():
            await _type(crowd, shape, shape.warmup, seed=1)
            count_edits(crowd.receivers, crowd.sent, Tally(float("inf")))
            expected = round(shape.rate * shape.seconds) * shape.rooms * (shape.clients - 1)
            crowd.sample(expected)
            interval = Interval(server)
            kept_up = await _type(crowd, shape, shape.seconds, seed=2)
            cpu = interval.end(measured)
            tally = Tally(interval.begin)
            count_edits(crowd.receivers, crowd.sent, tally)
        lost = sum(
            missing(crowd.room(room), range(room * shape.clients, (room + 1) * shape.clients), crowd.sent)
            for room in range(shape.rooms)
        )
        measured.notes += sorted(set(crowd.gone()))[:3]
        if not kept_up:
            measured.notes.append(saturated(DRAIN_SECONDS))
        elif lost:
            measured.notes.append(f"{lost} deliveries of {expected} never came")
        elif behind := await crowd.unknown_to_newcomer():
            measured.notes.append(f"a client that joined at the end lacks {behind} edits")
        measured.metrics |= {
            "cpu_us": cpu / tally.arrived * 1e6 if tally.arrived else float("nan"),
            "delivered_percent": 100.0 * tally.delivered / expected,
            "p50_ms": tally.percentile(0.50) * 1e3,
            "p99_ms": tally.percentile(0.99) * 1e3,
            "delivered": tally.delivered,
            "lost": lost,
            "cores": cpu / measured.metrics["seconds"],
        }
    return measured


async def _type(crowd: Crowd, shape: Shape, seconds: float, seed: int) -> bool:
    """Whether everything came to rest in time."""
    await perform(schedule(shape.rooms, shape.clients, shape.authors, shape.rate, seconds, seed), crowd.type)
    return await crowd.quiet(DRAIN_SECONDS)
