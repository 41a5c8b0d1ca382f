"""The logs of topics (store/event_log.py)."""

from uuid import uuid4

import pytest

from store import keys
from store.event_log import EventLog, Written
from store.limits import EVENT_RECORD_BYTES
from store.redis import Redis


def topic() -> str:
    return f"test:{uuid4()}"


async def test_numbers_rise(events: EventLog) -> None:
    """Records come back in order, each with the number that its append gave."""
    name = topic()
    before = await events.number(name)
    first = await events.append(name, [b"a", b"b"])
    second = await events.append(name, [b"c"])
    tail = await events.read(name, before)
    assert tail.records is not None
    assert [(r.number, r.payload) for r in tail.records] == list(
        zip([*first, *second], [b"a", b"b", b"c"], strict=True)
    )
    assert tail.number == second[-1] > first[-1] > before


async def test_reads_go_on_by_number(events: EventLog) -> None:
    """Who reads page by page gets every record once, also when it stops in the middle of an append."""
    name = topic()
    at = await events.number(name)
    await events.append(name, [b"%d" % i for i in range(7)])
    seen = []
    while (tail := await events.read(name, at, limit=3)).records:
        seen += [record.payload for record in tail.records]
        at = tail.records[-1].number
    assert seen == [b"%d" % i for i in range(7)]
    assert tail.records == () and tail.number == at


async def test_trimmed_is_noticed(events: EventLog) -> None:
    """A reader whose place was trimmed away is told; one just at the edge misses nothing."""
    name = topic()
    begun = await events.number(name)
    first = await events.append(name, [b"a", b"b", b"c"], keep=2)
    assert (await events.read(name, begun)).records is None
    tail = await events.read(name, first[0])
    assert tail.records is not None and [record.payload for record in tail.records] == [b"b", b"c"]


async def test_loss_is_noticed(events: EventLog, redis: Redis) -> None:
    """After Redis lost a log, its numbers go on above all that were given, and readers of before are told."""
    name = topic()
    (old,) = await events.append(name, [b"a"])
    await redis.delete(keys.event_log(name), keys.event_number(name))
    tail = await events.read(name, old)
    assert tail.records is None and tail.number > old
    (new,) = await events.append(name, [b"b"])
    assert new > tail.number
    assert (await events.read(name, old)).records is None
    assert (await events.read(name, tail.number)).records is not None


async def test_half_a_loss_is_noticed(events: EventLog, redis: Redis) -> None:
    """A Redis that came back without its last second never gives the lost numbers again, and their reader is told."""
    name = topic()
    (kept,) = await events.append(name, [b"a"])
    (lost,) = await events.append(name, [b"b"])
    await redis.xdel(keys.event_log(name), f"{lost}-0")
    await redis.set(keys.event_number(name), kept)
    (new,) = await events.append(name, [b"c"])
    assert new > lost
    assert (await events.read(name, lost)).records is None
    tail = await events.read(name, kept)
    assert tail.records is not None and [record.payload for record in tail.records] == [b"c"]


async def test_idle_log_leaves(events: EventLog, redis: Redis) -> None:
    """A log and its number have a time to live; when only the log is gone, who is up to date misses nothing."""
    name = topic()
    (number,) = await events.append(name, [b"a"])
    assert 0 < await redis.ttl(keys.event_log(name)) < await redis.ttl(keys.event_number(name))
    await redis.delete(keys.event_log(name))
    assert (await events.read(name, number)).records == ()
    assert (await events.read(name, number - 1)).records is None


async def test_several_topics_at_once(events: EventLog) -> None:
    """One call appends to many topics."""
    names = [topic() for _ in range(3)]
    numbers = await events.append_all([(name, [name.encode()]) for name in names])
    assert await events.numbers([*names, topic()]) == [*(each[-1] for each in numbers), None]


async def test_an_only_writer(events: EventLog, redis: Redis) -> None:
    """Who writes a log alone is told when it lost something, or has what its writer never saw an answer to; what it
    then writes anew is where every reader goes on."""
    name = topic()
    begin = await events.number(name)
    (first,) = await events.write([Written(name, [b"a"], begin)], 9)
    assert first is not None
    (second,) = await events.write([Written(name, [b"b"], first)], 9)
    assert second is not None
    assert await events.write([Written(name, [b"b"], first), Written(topic(), [b"c"], None)], 9) != [None, None]
    assert await events.number(name) == second, "nothing was appended"
    await redis.delete(keys.event_log(name), keys.event_number(name))
    assert await events.write([Written(name, [b"c"], second)], 9) == [None]
    assert await events.numbers([name]) == [None]
    (third,) = await events.write([Written(name, [b"all", b"of it"], None)], 9)
    assert third is not None
    (last,) = await events.write([Written(name, [b"d"], third)], 9)
    for after in (begin, first, second):
        tail = await events.read(name, after)
        assert [each.payload for each in tail.records or ()] == [b"all", b"of it", b"d"]
    assert [each.number for each in (await events.read(name, third)).records or ()] == [last]


@pytest.mark.parametrize("records", [[], [b"x" * (EVENT_RECORD_BYTES + 1)]])
async def test_bounds(events: EventLog, records: list[bytes]) -> None:
    """Nothing, or too much, is refused before it reaches Redis."""
    with pytest.raises(ValueError, match="a record has at most"):
        await events.append(topic(), records)
