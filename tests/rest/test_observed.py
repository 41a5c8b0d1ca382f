"""`/healthz`, `/readyz` and `/metrics` (gateway/health.py, gateway/metrics.py)."""

import asyncio
import time
from collections.abc import Callable, Iterator

from aiohttp.pytest_plugin import AiohttpClient
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families

from gateway.app import create_app
from gateway.health import Health
from gateway.metrics import LoopLag, Metrics, Requests, Spread
from gateway.parts import PARTS
from gateway.settings import Settings
from tests.rest.api import Api


async def test_alive_and_ready(api: Api) -> None:
    """A gateway whose database has the schema is alive and ready."""
    assert (await api.call("GET", "/healthz")).body["status"] == "ok"
    reply = await api.call("GET", "/readyz")
    assert (reply.status, reply.body) == (200, {"ready": True, "checks": {"postgresql": "ok"}})


async def test_not_ready_without_schema(
    empty_database: str, make_settings: Callable[..., Settings], aiohttp_client: AiohttpClient
) -> None:
    """A database that was never migrated makes the gateway not ready."""
    client = await aiohttp_client(create_app(make_settings(database_url=empty_database), live=False))
    reply = await Api(client).call("GET", "/readyz")
    assert (reply.status, reply.body["checks"]) == (503, {"postgresql": "MigrationRefused"})
    assert int(reply.headers["Retry-After"]) >= 1


async def test_not_ready_while_draining(make_settings: Callable[..., Settings], aiohttp_client: AiohttpClient) -> None:
    """A gateway that stops is alive, and not ready."""
    app = create_app(make_settings(), live=False)
    api = Api(await aiohttp_client(app))
    app[PARTS].health.draining = True
    assert (await api.call("GET", "/healthz")).status == 200
    assert (await api.call("GET", "/readyz")).status == 503


async def test_failing_check_is_named_without_its_text() -> None:
    """What is wrong is told by the error's class: its text may hold addresses and names."""
    health = Health("g")

    async def fail() -> None:
        raise LookupError("redis://:hunter2@cache")

    health.add("redis", fail)
    report = await health.report()
    assert (report.ready, report.checks) == (False, {"redis": "LookupError"})


async def test_hanging_check_is_asked_once() -> None:
    """A check that hangs makes the gateway not ready, and is not asked again until it has answered."""
    health, asked, answer = Health("g"), 0, asyncio.Event()

    async def hang() -> None:
        nonlocal asked
        asked += 1
        await answer.wait()

    health.add("redis", hang)
    first, second = asyncio.ensure_future(health.report()), asyncio.ensure_future(health.report())
    assert not (await first).ready
    assert not (await second).ready
    assert asked == 1
    answer.set()
    assert (await health.report()).ready


async def test_page_has_requests_loop_lag_and_registered_figures(
    make_settings: Callable[..., Settings], aiohttp_client: AiohttpClient
) -> None:
    """The page counts requests by route, shows the loop's lag and the process, and what others registered."""
    app = create_app(make_settings(), live=False)
    asked = 0

    def figures() -> Iterator[Metric]:
        nonlocal asked
        asked += 1
        yield CounterMetricFamily("atrium_updates_in", "Updates from clients", value=7)

    app[PARTS].metrics.add(figures)
    api = Api(await aiohttp_client(app))
    await api.guest()
    await api.call("GET", "/api/a/b")
    await api.call("PROPFIND", "/api/auth/guest")
    assert asked == 0, "figures are read when the page is asked for, not before"
    async with api.client.get("/metrics") as response:
        assert response.status == 200
        text = await response.text()
    samples = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    requests = {labels: value for (name, labels), value in samples.items() if name == "atrium_http_requests_total"}
    assert requests == {
        (("method", "POST"), ("route", "/api/auth/guest"), ("status", "201")): 1,
        (("method", "GET"), ("route", "(none)"), ("status", "404")): 1,
        (("method", "other"), ("route", "(none)"), ("status", "405")): 1,
    }
    assert samples["atrium_updates_in_total", ()] == 7
    assert ("atrium_loop_lag_worst_seconds", ()) in samples
    assert ("atrium_loop_lag_seconds_count", ()) in samples
    assert ("process_cpu_seconds_total", ()) in samples


def test_spread_counts_into_its_buckets() -> None:
    """A value belongs to the first bucket whose bound it does not exceed; buckets are cumulative."""
    spread = Spread((0.1, 1.0))
    for value in (0.05, 0.1, 0.5, 5.0):
        spread.add(value)
    assert spread.buckets() == [("0.1", 2.0), ("1.0", 3.0), ("+Inf", 4.0)]
    assert spread.total == 5.65


def test_worst_lag_is_since_the_last_scrape() -> None:
    """The worst lag starts anew at each scrape; the histogram goes on."""
    lag = LoopLag()
    lag.note(0.3)
    lag.note(0.01)
    assert [_value(lag, "atrium_loop_lag_worst_seconds") for _ in range(2)] == [0.3, 0.0]
    assert _value(lag, "atrium_loop_lag_last_seconds") == 0.01


async def test_ticker_measures_a_busy_loop() -> None:
    """Work that holds the loop shows as lag."""
    noted: asyncio.Queue[float] = asyncio.Queue()

    class Noting(LoopLag):
        def note(self, seconds: float) -> None:
            noted.put_nowait(seconds)

    ticker = asyncio.create_task(Noting().tick())
    await asyncio.sleep(0)  # the ticker has begun
    time.sleep(0.5)  # noqa: ASYNC251  holding the loop is what is measured
    assert await asyncio.wait_for(noted.get(), 10) > 0.1
    ticker.cancel()


def test_socket_has_no_duration() -> None:
    """A WebSocket is counted when it ends; how long it lived is no time to answer."""
    requests = Requests()
    requests.count("GET", "/hocuspocus", 101, 3_600.0)
    counted, took = requests.figures()
    assert counted.samples[0].value == 1
    assert took.samples == []


def test_metrics_ask_every_source() -> None:
    """All registered sources are on the page, in order."""
    metrics = Metrics()
    metrics.add(lambda: [CounterMetricFamily("a", "a", value=1)])
    metrics.add(lambda: [CounterMetricFamily("b", "b", value=2)])
    assert [family.name for family in metrics.collect()] == ["a", "b"]


def _value(lag: LoopLag, name: str) -> float:
    return next(family.samples[0].value for family in lag.figures() if family.name == name)
