"""The figures of `GET /events` for /metrics: read from plain numbers when scraped."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from gateway.events.hub import Hub


def event_figures(hub: Hub) -> Iterator[Metric]:
    """For `Metrics.add`."""
    yield GaugeMetricFamily("atrium_event_topics", "Topics that clients of this process follow", hub.topics)
    yield GaugeMetricFamily("atrium_event_subscriptions", "Subscriptions of clients", hub.subscriptions)
    yield CounterMetricFamily("atrium_events_out", "Records of topics written to clients", hub.delivered)
    yield CounterMetricFamily("atrium_event_resets", "Times that a client was told to read anew", hub.resets)
