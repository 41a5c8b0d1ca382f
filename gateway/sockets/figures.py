"""The live documents' figures for /metrics: read from plain numbers when scraped, never on the hot path."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from gateway.sockets.hall import Hall
from gateway.sockets.heart import Heart
from rooms.committer import Committer
from rooms.figures import Histogram


def socket_figures(hall: Hall, committer: Committer, heart: Heart) -> Iterator[Metric]:
    """For `Metrics.add`."""
    figures = hall.figures
    queued = slow = 0
    for connection in hall.connections:
        queued += connection.transport.get_write_buffer_size()
        slow += connection.full
    gauges = {
        "atrium_connections": ("Open WebSocket connections", figures.connections),
        "atrium_documents": ("Open documents", len(hall.documents)),
        "atrium_oldest_unsaved_seconds": ("Age of the oldest edit that is not durable", committer.oldest_unsaved),
        "atrium_snapshot_lag_seconds": ("Age of the oldest record that no snapshot has", heart.snapshot_lag),
        "atrium_dirty_documents": ("Documents with records that no snapshot has", heart.dirty),
        "atrium_failing_snapshots": ("Documents that workers try to snapshot, again and again in vain", heart.failing),
        "atrium_queue_bytes": ("Bytes that wait in sockets", queued),
        "atrium_gathered_bytes": ("Bytes of messages that are not complete", hall.gathered.waiting),
        "atrium_at_work_bytes": ("Bytes of large updates that are being merged", hall.gathered.working),
        "atrium_slow_peers": ("Connections whose socket is full now", slow),
        "atrium_open_stall_worst_seconds": ("Longest stall by opening one document", figures.worst_stall),
    }
    for name, (text, value) in gauges.items():
        yield GaugeMetricFamily(name, text, value=value)
    counters = {
        "atrium_updates_in": ("Edits received from clients", figures.updates_in),
        "atrium_deliveries_out": ("Frames with edits written to peers", figures.deliveries_out),
        "atrium_presence_in": ("Presence messages received", figures.presence_in),
        "atrium_presence_out": ("Frames with presence written", figures.presence_out),
        "atrium_commits": ("Group commits", figures.commits),
        "atrium_gaps": ("Edits that came before what they depend on", figures.gaps),
        "atrium_slow_pauses": ("Times that a full socket's queue was replaced by a later diff", figures.slow_peers),
        "atrium_resyncs": ("Times that announcements were missed and the log was read", figures.resyncs),
        "atrium_documents_broken": ("Documents given up because something could not be merged", figures.broken),
        "atrium_logs_restored": ("Logs that Redis had lost and that were written back", figures.restored),
    }
    for name, (text, value) in counters.items():
        yield CounterMetricFamily(name, text, value=value)
    refused = CounterMetricFamily("atrium_refused", "Input that was refused", labels=("reason",))
    for reason, count in figures.refused.items():
        refused.add_metric((reason,), count)
    yield refused
    yield _histogram("atrium_fan_out_seconds", "From an edit's arrival until it was written to all", figures.fan_out)
    yield _histogram("atrium_durable_seconds", "From an edit's arrival until it was durable", figures.durable)
    yield _histogram("atrium_open_stall_seconds", "How long opening a document held the loop", figures.open_stall)


def _histogram(name: str, text: str, histogram: Histogram) -> Metric:
    seen, buckets = 0, []
    for bound, count in zip([*map(str, histogram.BOUNDS), "+Inf"], histogram.counts, strict=True):
        seen += count
        buckets.append((bound, float(seen)))
    family = HistogramMetricFamily(name, text)
    family.add_metric((), buckets, histogram.total)
    return family
