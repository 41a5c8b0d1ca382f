"""Where webhooks may go: the rules (schemas/outbound.py), and the connections themselves (workers/outbound.py)."""

import asyncio
import datetime
import ssl
import time
from ipaddress import IPv4Address, ip_address, ip_network
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from schemas.outbound import Outbound, UnsafeUrl, read_outbound
from tests.events.hooks import HERE, receiver
from workers.deliver_webhook import RETRY_AFTER_MAX, SCHEDULE, pause, retry_after
from workers.outbound import open_client
from workers.signing import sign

PUBLIC = Outbound()


SPECIAL = """
0.0.0.0 10.1.2.3 100.64.0.1 100.100.100.200 127.0.0.1 127.8.8.8 168.63.129.16 169.254.169.254 172.16.0.1
172.31.255.255 192.0.0.192 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1
239.255.255.250 240.0.0.1 255.255.255.255 :: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::ffff:0:10.0.0.1
64:ff9b::a00:1 64:ff9b::808:808 64:ff9b:1::1 100::1 2001::1 2001:db8::1 2002:7f00:1::1 fc00::1 fd00:ec2::254
fe80::1 fec0::1 ff02::1
"""


@pytest.mark.parametrize("address", SPECIAL.split())
def test_special_addresses_are_denied(address: str) -> None:
    """Whatever is not a plain public address is denied, also the IPv6 forms that carry a public IPv4 one."""
    assert not PUBLIC.permits(ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "100.63.255.255", "172.32.0.1", "2606:4700::1111"])
def test_public_addresses_are_permitted(address: str) -> None:
    """The public internet is permitted."""
    assert PUBLIC.permits(ip_address(address))


@given(st.ip_addresses(v=4))
def test_python_agrees_on_private_ones(address: IPv4Address) -> None:
    """All that Python calls private, loopback, link-local, multicast or reserved is denied."""
    if address.is_private or address.is_multicast or address.is_reserved or address.is_unspecified:
        assert not PUBLIC.permits(address)


def test_own_networks_can_be_allowed() -> None:
    """The operator's networks are permitted, and nothing beside them."""
    policy = read_outbound({"ATRIUM_OUTBOUND_ALLOW": "10.1.0.0/16, fd00::/8", "ATRIUM_OUTBOUND_HTTP": "1"})
    assert policy.allow_http
    assert policy.permits(ip_address("10.1.2.3")) and policy.permits(ip_address("fd00::1"))
    assert not policy.permits(ip_address("10.2.0.1"))
    for name, value in [("ATRIUM_OUTBOUND_ALLOW", "10.1.0.1/16"), ("ATRIUM_OUTBOUND_HTTP", "yes")]:
        with pytest.raises(ValueError, match=name):
            read_outbound({name: value})


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "//example.com/",
        "https://",
        "https:///path",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:169.254.169.254]/",
        "https://a:b@example.com/",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://example.com/#fragment",
        "https://example.com/\\@10.0.0.1",
        "https://exa mple.com/",
        "https://example.com/\r\nX: y",
        "https://exämple.com/",
        "https://[::1",
        "javascript:alert(1)",
        "https://example.com/" + "x" * 2_000,
    ],
)
def test_unsafe_urls(url: str) -> None:
    """What cannot be right is refused before any name is resolved."""
    with pytest.raises(UnsafeUrl):
        PUBLIC.check(url)


@pytest.mark.parametrize("url", ["https://example.com", "https://example.com:8443/a?b=c", "https://8.8.8.8/"])
def test_safe_urls(url: str) -> None:
    """Plain ones pass."""
    PUBLIC.check(url)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1", "2130706433", "0x7f000001", "[::1]"])
async def test_names_of_this_machine_are_refused(host: str) -> None:
    """However this machine is written: its address is what counts, and no connection is made."""
    async with receiver() as there:
        port = there.url.rpartition(":")[2].partition("/")[0]
        client = open_client(Outbound(allow_http=True))
        with pytest.raises(httpx.ConnectError, match="the name"):
            await client.post(f"http://{host}:{port}/", content=b"x")
        assert there.requests == []
        await client.aclose()


def resolves(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Let each resolution give the next of these answers; the names that were asked for."""
    asked: list[str] = []
    left = list(answers)

    async def getaddrinfo(host: str, port: int, **options: Any) -> list[tuple[Any, ...]]:
        asked.append(host)
        return [(0, 0, 0, "", (address, port)) for address in left.pop(0)]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    return asked


async def test_name_that_changes_its_mind(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name is resolved once for each attempt, and the connection goes to what was checked."""
    async with receiver() as there:
        port = there.url.rpartition(":")[2].partition("/")[0]
        asked = resolves(monkeypatch, ["127.0.0.1"], ["10.0.0.1"])
        client = open_client(HERE)
        reply = await client.post(f"http://rebind.example:{port}/", content=b"x")
        assert reply.status_code == 200 and asked == ["rebind.example"]
        assert there.requests[0].headers["host"] == f"rebind.example:{port}"
        with pytest.raises(httpx.ConnectError, match="not on the public internet"):
            await client.post(f"http://rebind.example:{port}/", content=b"x")
        await client.aclose()


async def test_mixed_addresses_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with a public and a private address is refused whole."""
    resolves(monkeypatch, ["8.8.8.8", "192.168.0.1"])
    client = open_client(PUBLIC)
    with pytest.raises(httpx.ConnectError, match="not on the public internet"):
        await client.post("https://mixed.example/", content=b"x")
    await client.aclose()


async def test_certificates_are_checked(tmp_path: Path) -> None:
    """A receiver whose certificate nobody vouches for gets nothing."""
    got: list[str] = []

    async def handle(request: web.Request) -> web.Response:
        got.append(request.path)
        return web.Response()

    app = web.Application()
    app.router.add_post("/", handle)
    server = TestServer(app, scheme="https")
    await server.start_server(ssl=self_signed(tmp_path))
    client = open_client(Outbound(allowed=(ip_network("127.0.0.0/8"),)))
    with pytest.raises(httpx.ConnectError):
        await client.post(f"https://127.0.0.1:{server.port}/", content=b"x")
    assert got == []
    await client.aclose()
    await server.close()


def self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hooks.example")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "both.pem").write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")
    return context


def test_signature_of_the_specification() -> None:
    """The example of the Standard Webhooks libraries gives the signature that they give."""
    headers = sign(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_pauses() -> None:
    """Pauses follow the schedule within a tenth, a receiver may ask for longer, and after the last comes none."""
    for attempts, planned in enumerate(SCHEDULE, start=1):
        assert pause(attempts, SCHEDULE, 0, 0.5) == planned
        for chance in (0.0, 1.0):
            assert 0.9 * planned <= (pause(attempts, SCHEDULE, 0, chance) or 0) <= 1.1 * planned + 1e-6
    assert pause(len(SCHEDULE) + 1, SCHEDULE, 0, 0.5) is None
    assert pause(1, SCHEDULE, 600, 0.5) == 600
    assert pause(1, SCHEDULE, 10**9, 0.5) == RETRY_AFTER_MAX
    assert retry_after("120") == 120 and retry_after("-1") == retry_after("soon") == retry_after("9" * 20) == 0


def test_documented_verification() -> None:
    """The receiver's code in docs/webhooks.md takes what we sign, and nothing else."""
    text = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()
    code = text.partition("```python\n")[2].partition("```")[0]
    names: dict[str, Any] = {}
    exec(code, names)  # our own page
    secret, body = "whsec_" + "A" * 32, b'{"type":"webhook.test"}'
    headers = sign([secret], "msg_1", int(time.time()), body)
    assert names["is_from_atrium"](secret, headers, body)
    assert not names["is_from_atrium"](secret, headers, body + b" ")
    assert not names["is_from_atrium"]("whsec_" + "B" * 32, headers, body)
    old = sign([secret], "msg_1", int(time.time()) - 400, body)
    assert not names["is_from_atrium"](secret, old, body)
