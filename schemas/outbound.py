"""Where Atrium may connect to when somebody else says where: pure rules, no name is resolved here.

Used by the gateway when a URL is stored, and by the worker for the very addresses that it connects to
(workers/outbound.py). An explicit deny list: `ipaddress.is_global` calls NAT64, 6to4 and multicast global.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

URL_LENGTH: Final = 2_000  # characters

# IANA's special-purpose registries (RFC 6890 and later), and what clouds keep their metadata under.
DENIED: Final[tuple[Network, ...]] = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",  # this host
        "10.0.0.0/8",
        "100.64.0.0/10",  # carriers' NAT; Alibaba's metadata 100.100.100.200
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's host agent, in public space
        "169.254.0.0/16",  # link-local; metadata of AWS, GCP and Azure 169.254.169.254
        "172.16.0.0/12",
        "192.0.0.0/24",  # IETF protocols; Oracle's metadata 192.0.0.192
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
        "::/96",  # unspecified, loopback, IPv4-compatible
        "::ffff:0:0/96",  # IPv4-mapped
        "::ffff:0:0:0/96",  # IPv4-translated
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",
        "100::/64",  # discard
        "100:0:0:1::/64",
        "2001::/23",  # Teredo, ORCHID, benchmarks
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",
        "3fff::/20",
        "5f00::/16",  # SRv6
        "fc00::/7",  # unique local; AWS' metadata fd00:ec2::254
        "fe80::/10",  # link-local
        "fec0::/10",  # site-local
        "ff00::/8",  # multicast
    )
)


class UnsafeUrl(ValueError):
    """A URL that Atrium does not connect to; the message says why, and holds nothing of the answer."""


@dataclass(frozen=True, slots=True)
class Outbound:
    """What the operator allows beyond the public internet over TLS."""

    allow_http: bool = False
    allowed: Sequence[Network] = ()
    """Networks that are allowed although they stand in DENIED: a private network of one's own."""

    def permits(self, address: Address) -> bool:
        """Whether to connect to this very address."""
        if any(address in network for network in self.allowed if network.version == address.version):
            return True
        return not any(address in network for network in DENIED if network.version == address.version)

    def check(self, url: str) -> None:
        """Raises UnsafeUrl for a URL that cannot be right, whatever its name resolves to."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise UnsafeUrl("this is not a URL") from None
        if len(url) > URL_LENGTH or not url.isascii() or any(char <= " " or char == "\x7f" for char in url):
            raise UnsafeUrl(f"a URL has at most {URL_LENGTH} visible ASCII characters")
        if parts.scheme != "https" and not (parts.scheme == "http" and self.allow_http):
            raise UnsafeUrl("the URL must start with https://")
        if not host or port == 0:
            raise UnsafeUrl("the URL names no host")
        if "@" in parts.netloc or "\\" in url:
            raise UnsafeUrl("a URL must not hold a user name or a backslash")
        if parts.fragment:
            raise UnsafeUrl("a fragment is never sent; leave it out")
        try:
            address = ip_address(host)
        except ValueError:
            return  # a name: what it resolves to counts when connecting
        if not self.permits(address):
            raise UnsafeUrl("this address is not on the public internet")


def read_outbound(environment: Mapping[str, str]) -> Outbound:
    """From ATRIUM_OUTBOUND_HTTP and ATRIUM_OUTBOUND_ALLOW; raises ValueError that names the variable."""
    names = environment.get("ATRIUM_OUTBOUND_ALLOW", "").replace(",", " ").split()
    try:
        allowed = tuple(ip_network(name) for name in names)
    except ValueError as error:
        raise ValueError(f"ATRIUM_OUTBOUND_ALLOW must list networks such as 10.0.0.0/8: {error}") from None
    http = environment.get("ATRIUM_OUTBOUND_HTTP") or "0"
    if http not in ("0", "1"):
        raise ValueError(f"ATRIUM_OUTBOUND_HTTP must be 0 or 1, not {http!r}")
    return Outbound(http == "1", allowed)
