"""The figures of `/socket.io/` for /metrics. What was refused is counted with that of all sockets: `atrium_refused`."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from gateway.socketio.server import SocketIoServer


def socket_io_figures(server: SocketIoServer) -> Iterator[Metric]:
    """For `Metrics.add`."""
    yield GaugeMetricFamily("atrium_socket_io_connections", "Open connections of Socket.IO", server.connections)
    yield GaugeMetricFamily("atrium_socket_io_waiting_bytes", "Bytes that wait for its slow readers", server.waiting)
    yield CounterMetricFamily("atrium_socket_io_messages_in", "Messages from its clients", server.messages_in)
    yield CounterMetricFamily("atrium_socket_io_events_out", "Events written to them", server.events_out)
