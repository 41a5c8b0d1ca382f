"""HTTP to where somebody else says: only to public addresses, whatever a name resolves to. Used by deliver_webhook.py.

    URL ──► resolve once ──► every address permitted? ──► connect to that very address ──► TLS for the URL's name

The name is not resolved a second time, so it cannot change between the check and the connection. No redirects, no
proxies, no connection is kept.
"""

import asyncio
import socket
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Any, Final

import httpcore
import httpx

from schemas.outbound import Address, Outbound

CONNECT_SECONDS: Final = 5.0  # resolving, connecting and TLS each
ANSWER_SECONDS: Final = 15.0  # for the head of the answer
RESOLVED_MAX: Final = 16  # addresses of one name that are looked at; a name with more is refused
CONNECTIONS: Final = 64  # of one worker


class Refused(httpcore.ConnectError):
    """The name leads to where Atrium does not connect to."""


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """httpcore's own, which is given addresses that were checked."""

    def __init__(self, policy: Outbound) -> None:
        self._policy = policy
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to one of the host's addresses, all of which are permitted; raises ConnectError."""
        error: Exception = Refused("the name has no address")
        for address in await self._resolve(host, port):
            try:
                return await self._network.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failed:
                error = failed
        raise error

    async def connect_unix_socket(self, *args: Any, **options: Any) -> httpcore.AsyncNetworkStream:
        """Never."""
        raise Refused("no Unix sockets")

    async def sleep(self, seconds: float) -> None:
        """For httpcore's retries."""
        await self._network.sleep(seconds)

    async def _resolve(self, host: str, port: int) -> list[Address]:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise httpcore.ConnectError("the name does not resolve") from None
        except TimeoutError:
            raise httpcore.ConnectTimeout("the name does not resolve in time") from None
        addresses = list(dict.fromkeys(ip_address(entry[4][0]) for entry in found))
        if len(addresses) > RESOLVED_MAX or not all(map(self._policy.permits, addresses)):
            # One that is not permitted spoils all: a name that mixes them is up to something.
            raise Refused("the name leads to an address that is not on the public internet")
        return addresses


class GuardedTransport(httpx.AsyncHTTPTransport):
    """httpx' own, over GuardedBackend: httpx takes no network backend, so its pool is replaced."""

    def __init__(self, policy: Outbound) -> None:
        super().__init__(trust_env=False)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=httpx.create_ssl_context(trust_env=False),
            max_connections=CONNECTIONS,
            max_keepalive_connections=0,
            network_backend=GuardedBackend(policy),
        )


def open_client(policy: Outbound) -> httpx.AsyncClient:
    """To be closed with `aclose`."""
    return httpx.AsyncClient(
        transport=GuardedTransport(policy),
        timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
        follow_redirects=False,
        trust_env=False,
    )
