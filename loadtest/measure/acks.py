"""Editors type and wait for "durable": the time from an edit's departure to the acknowledgement that it is in the log.

server → client   7f varUint(n)   the first n step-2 and update messages of this connection are durable
"""

from collections.abc import Sequence

from loadtest.crowd import perform, schedule
from loadtest.measure import Interval, Measured, Task, undisturbed
from loadtest.measure.crowded import crowded
from loadtest.servers import Server
from loadtest.shapes import Shape
from loadtest.tally import Receiver, percentile

#: Seconds in which the last acknowledgements have to come.
DRAIN_SECONDS = 10.0
#: The empty step 2 that answers the server's step 1 is the first message that an acknowledgement counts.
BEFORE_FIRST_EDIT = 1


async def measure(server: Server, shape: Shape, task: Task) -> Measured:
    async with crowded(server, shape, task, "typing for acknowledgements", acknowledged=True) as (crowd, measured):
        with undisturbed():
            plans = [
                schedule(shape.rooms, shape.clients, shape.authors, shape.rate, seconds, seed)
                for seed, seconds in enumerate((shape.warmup, shape.seconds))
            ]
            await perform(plans[0], crowd.type)
            await crowd.quiet(DRAIN_SECONDS)
            interval = Interval(server)
            await perform(plans[1], crowd.type)
            await crowd.quiet(DRAIN_SECONDS)
            cpu = interval.end(measured)
        waits = [
            wait
            for author, receiver in enumerate(crowd.receivers)
            for wait in acknowledged(receiver, crowd.sent[author], interval.begin)
        ]
        if lost := len(plans[1]) - len(waits):
            measured.notes.append(f"{lost} of {len(plans[1])} edits were never acknowledged")
        measured.notes += sorted(set(crowd.gone()))[:3]
        measured.metrics |= {
            "cores": cpu / measured.metrics["seconds"],
            "p50_ms": percentile(waits, 0.50) * 1e3,
            "p99_ms": percentile(waits, 0.99) * 1e3,
            "max_ms": max(waits, default=float("nan")) * 1e3,
            "acknowledged": len(waits),
            "lost": lost,
        }
    return measured


def acknowledged(receiver: Receiver, sent: Sequence[float], since: float) -> list[float]:
    """Seconds that each edit sent after `since` waited for its acknowledgement; edits without one are left out."""
    waits = []
    done = 0
    connection = receiver.connection
    for now, batch in zip(connection.times, connection.batches, strict=True):
        for heard in batch.heard:
            if heard.durable is not None:
                upto = min(heard.durable - BEFORE_FIRST_EDIT, len(sent))
                waits += [now - left for left in sent[max(done, 0) : upto] if left >= since]
                done = max(done, upto)
    return waits
