"""Prometheus figures at /metrics. Counting must cost nothing on the hot path:

    whoever works   adds to plain ints on its own object
    Metrics         asks each registered source for its figures when it is scraped, and only then

`metrics.add(source)` is the registration point: `source()` yields prometheus_client's metric families.
The wiring of the live documents registers theirs (gateway/sockets/wiring.py).
"""

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from aiohttp import web
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

Source = Callable[[], Iterable[Metric]]

TICK_SECONDS: Final = 0.25
REQUEST_BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
LAG_BOUNDS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


class Spread:
    """A histogram as a list of ints: 0.3 µs to add to, free to hold. Bounds in seconds, ascending."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        """Count one value, in seconds."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def buckets(self) -> list[tuple[str, float]]:
        """Cumulative, as Prometheus wants them."""
        edges = [*(repr(bound) for bound in self.bounds), "+Inf"]
        sums, seen = [], 0
        for edge, count in zip(edges, self.counts, strict=True):
            seen += count
            sums.append((edge, float(seen)))
        return sums


class Metrics(Collector):
    """The sources of one process, and its /metrics page."""

    def __init__(self) -> None:
        self._sources: list[Source] = []
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._registry.register(self)

    def add(self, source: Source) -> None:
        """Ask `source` too, from the next scrape on."""
        self._sources.append(source)

    def collect(self) -> Iterator[Metric]:
        """All figures; called by prometheus_client at each scrape."""
        for source in self._sources:
            yield from source()

    async def page(self, request: web.Request) -> web.Response:
        """`GET /metrics`."""
        return web.Response(body=generate_latest(self._registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


class Requests:
    """HTTP requests by method, route and status, and how long each route took."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str, int], int] = {}
        self._times: dict[str, Spread] = {}

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one finished request. A socket's length is not a duration of work, and is left out."""
        key = (method if method in _METHODS else "other", route, status)
        self._counts[key] = self._counts.get(key, 0) + 1
        if status != 101:
            self._times.setdefault(route, Spread(REQUEST_BOUNDS)).add(seconds)

    def figures(self) -> Iterator[Metric]:
        """For `Metrics.add`."""
        counted = CounterMetricFamily("atrium_http_requests", "Finished requests", labels=("method", "route", "status"))
        for (method, route, status), count in self._counts.items():
            counted.add_metric((method, route, str(status)), count)
        yield counted
        took = HistogramMetricFamily("atrium_http_request_seconds", "Time to answer", labels=("route",))
        for route, spread in self._times.items():
            took.add_metric((route,), spread.buckets(), spread.total)
        yield took


class LoopLag:
    """How late the event loop is: a tick four times a second, and by how much it was missed."""

    def __init__(self) -> None:
        self._spread = Spread(LAG_BOUNDS)
        self._worst = 0.0  # since the last scrape
        self._last = 0.0

    async def tick(self) -> None:
        """Measure until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + TICK_SECONDS
            await asyncio.sleep(TICK_SECONDS)
            self.note(max(0.0, loop.time() - due))

    def note(self, seconds: float) -> None:
        """Count one tick that came `seconds` late."""
        self._last = seconds
        self._worst = max(self._worst, seconds)
        self._spread.add(seconds)

    def figures(self) -> Iterator[Metric]:
        """For `Metrics.add`."""
        lag = HistogramMetricFamily("atrium_loop_lag_seconds", "How late the event loop was, sampled at 4 Hz")
        lag.add_metric((), self._spread.buckets(), self._spread.total)
        yield lag
        yield GaugeMetricFamily("atrium_loop_lag_last_seconds", "The latest sample", value=self._last)
        worst, self._worst = self._worst, 0.0
        yield GaugeMetricFamily("atrium_loop_lag_worst_seconds", "Worst since the last scrape", value=worst)


_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
