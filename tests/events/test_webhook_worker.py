"""Webhooks through the real processes: a request to a gateway ends as a request to a receiver."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue

from tests.conftest import MakeStack
from tests.rest.databases import execute

ALLOWED = {"ATRIUM_OUTBOUND_HTTP": "1", "ATRIUM_OUTBOUND_ALLOW": "127.0.0.0/8"}


@contextmanager
def listening(*, hang: bool = False) -> Iterator[tuple[str, "Queue[bytes]", threading.Event]]:
    """A receiver in a thread: (its URL, the bodies that it got, what it waits for before it answers, if it hangs)."""
    got: Queue[bytes] = Queue()
    go = threading.Event()
    if not hang:
        go.set()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.put(self.rfile.read(int(self.headers["Content-Length"])))
            go.wait(60)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", got, go
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_worker_delivers(own_stack: MakeStack) -> None:
    """A test event, and what happens in a project, arrive; also what was due while no worker ran."""
    stack = own_stack(gateways=1, workers=1, environment=ALLOWED)
    token = stack.guest()
    execute(stack.database_url, "UPDATE users SET is_guest = false, tier = 'free'")
    with listening() as (url, got, _):
        endpoint = stack.call("/api/webhooks", token=token, json_body={"url": url}, expect=201).body["webhook"]["id"]
        stack.call(f"/api/webhooks/{endpoint}/test", token=token, method="POST", expect=202)
        assert b"webhook.test" in got.get(timeout=30)
        stack.pause("worker-1")
        stack.project(token, "Thesis")
        stack.resume("worker-1")
        assert b"project.created" in got.get(timeout=90)
