"""Waiting until something answers, and asking a port or a gateway whether it does. Called by `supervisor`."""

import asyncio
import errno
import json
import socket
from collections.abc import Awaitable, Callable

from gateway.launch.child import Child
from gateway.launch.errors import ChildFailed, LaunchError
from gateway.launch.limits import ANSWER_BYTES, PROBE, PROBE_PAUSE


async def until_ready(child: Child, answers: Callable[[], Awaitable[bool]], within: float) -> None:
    """Ask again and again until the answer is yes; raises ChildFailed when the child dies too often, or time is up."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while True:
        child.check()
        try:
            async with asyncio.timeout(PROBE):
                if await answers():
                    child.deaths = 0
                    return
        except (OSError, EOFError, TimeoutError):
            pass  # not yet; what lasts is told below and by the child's log
        if loop.time() > deadline:
            raise ChildFailed(f"{child.program.name} is not ready after {within:.0f} s; see its log")
        await asyncio.sleep(PROBE_PAUSE)


async def gateway_ready(host: str, port: int, child: Child) -> bool:
    """Whether `GET /readyz` answers 200, and it is this child that answers: the port may be a stranger's."""
    process = child.process
    if process is None:
        return False
    _, alive = await ask(host, port, "/healthz")
    if alive.get("pid") != process.pid:
        return False
    status, _ = await ask(host, port, "/readyz")
    return status == 200


async def ask(host: str, port: int, path: str) -> tuple[int, dict[str, object]]:
    """The status and the JSON object with which a gateway answers; (0, {}) for what is no such answer."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
        said = b""
        while len(said) < ANSWER_BYTES and (more := await reader.read(ANSWER_BYTES)):
            said += more
        head, _, body = said.partition(b"\r\n\r\n")
        status, answer = int(head.split(b" ", 2)[1]), json.loads(body)
        return (status, answer) if isinstance(answer, dict) else (0, {})
    except (ValueError, IndexError):
        return 0, {}
    finally:
        writer.close()


def check_ports(host: str, ports: range) -> None:
    """Raise a LaunchError that names the first port which we could not listen on."""
    for port in ports:
        try:
            family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        except socket.gaierror:
            raise LaunchError(f"{host} is no address of this machine; choose another with --host") from None
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(address)
                probe.listen(1)
            except OSError as refused:
                raise LaunchError(explain(refused, host, port)) from None


def explain(refused: OSError, host: str, port: int) -> str:
    match refused.errno:
        case errno.EADDRINUSE:
            return f"port {port} is in use; choose another with --port"
        case errno.EACCES:
            return f"port {port} needs privileges; choose another with --port"
        case errno.EADDRNOTAVAIL:
            return f"{host} is no address of this machine; choose another with --host"
        case _:
            return f"cannot listen on {host}, port {port}: {refused.strerror}"
