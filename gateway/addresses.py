"""Where a request came from, through trusted proxies. Used by limits per address and by the log."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

from aiohttp import web

from gateway.settings import Network


def client_address(peer: str, forwarded: Sequence[str], trusted: Sequence[Network]) -> str:
    """The nearest address that is not a trusted proxy's; `forwarded` holds X-Forwarded-For headers in order.

    Addresses further away than that were written by the client, who may write anything.
    """
    hops = [hop.strip() for header in forwarded for hop in header.split(",")]
    address = peer
    while hops and _is_trusted(address, trusted):
        if _parse(hop := hops.pop()) is None:
            break
        address = hop
    return address


def address_of(request: web.Request, trusted: Sequence[Network]) -> str:
    """`client_address` of an aiohttp request."""
    return client_address(request.remote or "", request.headers.getall("X-Forwarded-For", []), trusted)


def _is_trusted(address: str, trusted: Sequence[Network]) -> bool:
    parsed = _parse(address)
    return parsed is not None and any(parsed in network for network in trusted)


def _parse(address: str) -> IPv4Address | IPv6Address | None:
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        return parsed.ipv4_mapped  # a dual-stack socket shows IPv4 peers as ::ffff:1.2.3.4
    return parsed
