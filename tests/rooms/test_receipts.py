"""What is owed to whom while records wait to be durable, and how it stays bounded while they cannot be."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

import pytest

from rooms import receipts as receipts_module
from rooms.peer import Peer
from rooms.receipts import Receipts
from tests.rooms.peers import Client
from tests.rooms.test_open_documents import seated
from tests.rooms.test_replica import text
from tests.rooms.twins import NAME, processes
from tests.support.waiting import wait_until


def peers(count: int) -> list[Peer]:
    """So many, of nobody."""
    return [Peer(write=lambda frame: None, outlet=Client(), user=bytes(16), may_write=True) for _ in range(count)]


def test_receipts_are_cumulative() -> None:
    """[D2] A message is durable with all that was handed over before it, and is counted once."""
    (peer,) = peers(1)
    receipts = Receipts({peer})
    receipts.handed = 2
    receipts.expect(peer, b"a")
    receipts.handed = 3
    receipts.expect(peer, b"")
    assert receipts.committed(1) == {}
    assert receipts.committed(1) == {peer: [b"a"]}
    assert receipts.committed(1) == {peer: [b""]}
    assert receipts.committed(0) == {}


@pytest.mark.parametrize("seed", range(30))
def test_receipts_max(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """[D1] [D2] [D3] RECEIPTS_MAX: merged receipts are paid never too early, once, all, and with all edits."""
    monkeypatch.setattr(receipts_module, "RECEIPTS_MAX", 8)
    random_ = random.Random(seed)
    everybody = peers(3)
    receipts = Receipts(set(everybody))
    due: list[tuple[int, Peer]] = []
    paid: Counter[Peer] = Counter()
    echoes: dict[Peer, list[bytes]] = {peer: [] for peer in everybody}
    clocks: Counter[Peer] = Counter()

    def pay(count: int) -> None:
        for peer, updates in receipts.committed(count).items():
            paid[peer] += len(updates)
            echoes[peer] += filter(None, updates)
        owed = Counter(peer for handed, peer in due if handed <= receipts.durable)
        assert all(paid[peer] <= owed[peer] for peer in everybody), "acknowledged before it was durable"

    for _ in range(300):
        peer = random_.choice(everybody)
        if random_.random() < 0.9:
            receipts.handed += 1
            update = text(everybody.index(peer) + 1, clocks[peer], "x") if not clocks[peer] else b""
            clocks[peer] += 1
            receipts.expect(peer, update)
            due.append((receipts.handed, peer))
        elif random_.random() < 0.3:
            pay(random_.randint(0, receipts.handed - receipts.durable))
        assert len(receipts._waiting) <= 8
    pay(receipts.handed - receipts.durable)
    assert paid == Counter(peer for _, peer in due)
    for number, peer in enumerate(everybody, 1):
        assert echoes[peer] == [text(number, 0, "x")]
    assert receipts._bytes == 0


def test_receipt_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """[D2] RECEIPT_BYTES_MAX, RECEIPT_BYTES_KEPT: large edits are not kept to be sent back, but are acknowledged."""
    monkeypatch.setattr(receipts_module, "RECEIPT_BYTES_MAX", 10_000)
    monkeypatch.setattr(receipts_module, "RECEIPT_BYTES_KEPT", 1_000)
    small, large = peers(2)
    receipts = Receipts({small, large})
    receipts.handed = 1
    receipts.expect(small, text(1, 0, "small"))
    for number in range(50):
        receipts.expect(large, text(2, 1000 * number, "x" * 1000))
        assert receipts._bytes <= 10_000
    assert receipts._bytes == sum(len(receipt[2]) for receipt in receipts._waiting)
    paid = receipts.committed(1)
    assert paid[small] == [text(1, 0, "small")]
    assert len(paid[large]) == 50
    assert receipts._bytes == 0


def test_nothing_is_kept_for_who_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """RECEIPTS_MAX: clients that come, write and go while the log is away leave nothing behind in the end."""
    monkeypatch.setattr(receipts_module, "RECEIPTS_MAX", 8)
    present: set[Peer] = set()
    receipts = Receipts(present)
    for peer in peers(100):
        present.add(peer)
        receipts.handed += 1
        receipts.expect(peer, b"")
        present.clear()
        assert len(receipts._waiting) <= 8
    assert not receipts.committed(100).keys() & present


async def test_many_messages_while_the_log_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """[D2] [D5] [S5] However much is typed, what is owed stays bounded; then all is acknowledged and sent back."""
    monkeypatch.setattr(receipts_module, "RECEIPTS_MAX", 20)
    async with processes(1) as (log, (process,)):
        document = await process.documents.open(NAME)
        writers = [Echoed(1), Echoed(2)]
        for client in writers:
            client.connect(document)
            seated(client)
        await wait_until(lambda: all(client.all_acknowledged for client in writers), "the handshakes")
        log.away = True
        for _ in range(200):
            for client in writers:
                client.text += "x"
                client.send()
            assert len(document.receipts._waiting) <= 20
        log.away = False
        await wait_until(lambda: all(client.all_acknowledged for client in writers), "the acknowledgements")
        for client in writers:
            returned = Client()
            for update in client.returned:
                returned.doc.apply_update(update)
            assert len(str(returned.text)) == 200


class Echoed(Client):
    """A client that keeps what its outlet is told to send back."""

    def __init__(self, client_id: int) -> None:
        super().__init__(client_id)
        self.returned: list[bytes] = []

    def durable(self, count: int, updates: Sequence[bytes]) -> None:
        super().durable(count, updates)
        self.returned += filter(None, updates)
