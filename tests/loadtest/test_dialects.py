"""The two framings (loadtest/dialects.py), against the bytes that stock clients and servers were seen to send."""

import pytest

from loadtest.dialects import HOCUSPOCUS, Y_WEBSOCKET, Dialect, Matter
from loadtest.presence import Seen, cursor
from loadtest.updates import Run, edit


def test_y_websocket_says_what_the_stock_client_says() -> None:
    """On open: step 1 with an empty state vector."""
    assert Y_WEBSOCKET.hello("d", "t") == [bytes.fromhex("00000100")]
    assert Y_WEBSOCKET.sync_reply("d") == bytes.fromhex("0001020000")


def test_hocuspocus_says_what_the_stock_provider_says() -> None:
    """On open: the token and the provider's version, then step 1, both behind the document's name."""
    assert HOCUSPOCUS.hello("d1", "tok") == [
        bytes.fromhex("02643102 00 03746f6b 05342e382e30"),
        bytes.fromhex("02643100 00 0100"),
    ]


@pytest.mark.parametrize(("dialect", "name"), [(Y_WEBSOCKET, b""), (HOCUSPOCUS, b"\x02d1")])
def test_messages_are_told_apart(dialect: Dialect, name: bytes) -> None:
    """Step 1 asks for an answer, step 2 completes the sync, an update carries runs, presence carries clocks."""
    assert dialect.hear(name + bytes.fromhex("00000100")).matter is Matter.ASKED
    assert dialect.hear(name + bytes.fromhex("0001020000")).matter is Matter.SYNCED
    assert dialect.hear(dialect.update("d1", edit(4, 0))).runs == (Run(4, 0, 1),)
    assert dialect.hear(dialect.presence("d1", cursor(4, 9))).seen == (Seen(4, 9),)


@pytest.mark.parametrize(("dialect", "name"), [(Y_WEBSOCKET, b""), (HOCUSPOCUS, b"\x02d1")])
def test_a_joiner_gets_the_state_unread(dialect: Dialect, name: bytes) -> None:
    """The body of a step 2 is handed over as it is; other messages have none."""
    assert dialect.state(name + bytes.fromhex("0001020000")) == b"\x00\x00"
    assert dialect.state(name + bytes.fromhex("00000100")) is None


def test_an_acknowledgement_is_a_number() -> None:
    """Atrium's `7f n` says how many messages are durable."""
    assert Y_WEBSOCKET.hear(bytes.fromhex("7f8002")).durable == 256


def test_hocuspocus_messages_beside_sync() -> None:
    """A ping has no address; a denial and a close void the measurement; authenticated and sync status ask nothing."""
    assert HOCUSPOCUS.hear(b"\x09").matter is Matter.PINGED
    assert HOCUSPOCUS.hear(bytes.fromhex("026431 02 01 026e6f")).matter is Matter.REFUSED
    assert HOCUSPOCUS.hear(bytes.fromhex("026431 07 026e6f")).reason == "no"
    assert HOCUSPOCUS.hear(bytes.fromhex("026431 02 02 0a") + b"read-write").matter is Matter.NOTHING
    assert HOCUSPOCUS.hear(bytes.fromhex("026431 08 01")).matter is Matter.NOTHING
