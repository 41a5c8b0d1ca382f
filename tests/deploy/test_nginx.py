"""deploy/nginx.conf with a real nginx in front of two real gateways."""

import json
import os
import shutil
import socket
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.launch.settings import CHECKOUT
from tests.conftest import MakeStack
from tests.support.http import request
from tests.support.skips import EVERYTHING
from tests.support.stack import Stack, free_ports
from tests.support.waiting import wait_for

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")

pytestmark = pytest.mark.skipif(
    NGINX is None and not os.environ.get(EVERYTHING), reason="nginx is not installed (.ci/run installs it)"
)


@dataclass(frozen=True)
class Proxy:
    url: str
    folder: Path

    def served(self) -> list[dict[str, Any]]:
        """The lines of the access log."""
        return [json.loads(line) for line in (self.folder / "access.log").read_text().splitlines()]


def run_nginx(stack: Stack, folder: Path) -> tuple[subprocess.Popen[bytes], Proxy]:
    """The committed file with other addresses and places, nothing else changed."""
    assert NGINX is not None, "nginx is not installed"
    port = free_ports(1)
    text = (CHECKOUT / "deploy" / "nginx.conf").read_text()
    for number in range(stack.gateways):
        text = text.replace(f"gateway-{number + 1}:8000", f"127.0.0.1:{stack.port + number}")
    temporary = "".join(
        f"    {kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    for old, new in {
        "listen 8000;": f"listen 127.0.0.1:{port};",
        "/tmp/nginx.pid": f"{folder}/nginx.pid",
        "/dev/stdout": f"{folder}/access.log",
        "/dev/stderr": f"{folder}/error.log",
        "http {\n": "http {\n" + temporary,
        "worker_processes auto": "worker_processes 2",
    }.items():
        assert old in text
        text = text.replace(old, new)
    config = folder / "nginx.conf"
    config.write_text(text)
    process = subprocess.Popen([NGINX, "-c", str(config), "-g", "daemon off;", "-e", f"{folder}/start.log"])
    wait_for(lambda: is_open(port), "nginx")
    return process, Proxy(f"http://127.0.0.1:{port}", folder)


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def proxied(own_stack: MakeStack, tmp_path: Path) -> Iterator[tuple[Stack, Proxy]]:
    stack = own_stack(gateways=2)
    process, proxy = run_nginx(stack, tmp_path)
    try:
        yield stack, proxy
    finally:
        process.terminate()
        process.wait(10)


def ask_token(proxy: Proxy, token: str, project: str) -> int:
    return request(f"{proxy.url}/api/projects/{project}/token", token=token, json_body={}).status


async def test_a_project_has_one_gateway(proxied: tuple[Stack, Proxy]) -> None:
    """All requests of a project, also its WebSockets, reach the same gateway, and projects spread over both."""
    stack, proxy = proxied
    token = stack.guest()
    projects = [stack.project(token) for _ in range(12)]
    for project in projects:
        for _ in range(3):
            assert ask_token(proxy, token, project) == 200
    async with aiohttp.ClientSession() as session:
        for project in projects:
            async with session.ws_connect(f"{proxy.url}/collab/{project}/notes.md?token={token}") as socket_:
                first = await socket_.receive(timeout=10)
                assert first.type is aiohttp.WSMsgType.BINARY, first
    by_project: dict[str, set[str]] = {project: set() for project in projects}

    def all_logged() -> bool:
        lines = proxy.served()
        return sum("/collab/" in line["path"] for line in lines) == len(projects)

    wait_for(all_logged, "the access log")
    for line in proxy.served():
        for project in projects:
            if f"/{project}/" in line["path"]:
                by_project[project].add(line["gateway"])
    assert all(len(gateways) == 1 for gateways in by_project.values()), by_project
    assert len(Counter(next(iter(gateways)) for gateways in by_project.values())) == 2


async def test_a_dead_gateway_is_passed_over(proxied: tuple[Stack, Proxy]) -> None:
    """While a gateway is dead its projects are served by the other one, REST and WebSocket."""
    stack, proxy = proxied
    token = stack.guest()
    projects = [stack.project(token) for _ in range(6)]
    stack.pause_restarts()
    stack.wait_gone("gateway-1", stack.kill("gateway-1"))
    for project in projects:
        assert ask_token(proxy, token, project) == 200
    async with aiohttp.ClientSession() as session:
        for project in projects:
            async with session.ws_connect(f"{proxy.url}/collab/{project}/notes.md?token={token}") as socket_:
                assert (await socket_.receive(timeout=10)).type is aiohttp.WSMsgType.BINARY
    stack.resume_restarts()


async def test_no_token_in_its_logs(proxied: tuple[Stack, Proxy]) -> None:
    """nginx writes neither the query of a request nor, when a gateway is dead, the request line into its logs."""
    stack, proxy = proxied
    token = stack.guest()
    project = stack.project(token)
    stack.pause_restarts()
    for name in ("gateway-1", "gateway-2"):
        stack.wait_gone(name, stack.kill(name))
    answer = request(f"{proxy.url}/collab/{project}/notes.md?token={token}")
    assert answer.status == 502
    wait_for(proxy.served, "the access log")
    written = "".join(path.read_text() for path in proxy.folder.glob("*.log"))
    assert project in written
    assert token not in written
    stack.resume_restarts()


def test_metrics_stay_inside(proxied: tuple[Stack, Proxy]) -> None:
    """/metrics is not shown to the outside; /healthz is."""
    _, proxy = proxied
    assert request(f"{proxy.url}/metrics").status == 404
    assert request(f"{proxy.url}/healthz").status == 200
