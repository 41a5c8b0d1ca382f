"""How long rooms wait before they try to commit again, and before they read what they did not hear."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence

import pytest

from rooms import committer as committer_module
from rooms import limits
from rooms import open_documents as open_module
from rooms.ports import Append
from schemas.records import Commit, Record
from tests.rooms.peers import Client
from tests.rooms.test_open_documents import seated
from tests.rooms.test_replica import text
from tests.rooms.twins import NAME, Log, Process, processes
from tests.support.waiting import wait_until


async def test_commit_retry_max(monkeypatch: pytest.MonkeyPatch) -> None:
    """[D5] COMMIT_RETRY_MAX: while the log is away it is tried again, after ever longer pauses up to this one."""
    most = 0.4  # 40 times the first pause, which a busy machine may draw out
    monkeypatch.setattr(committer_module, "COMMIT_RETRY_MAX", most)
    async with processes(1) as (log, (process,)):
        client = Client()
        client.connect(await process.documents.open(NAME))
        seated(client)
        await wait_until(lambda: client.all_acknowledged, "the handshake")
        append, tries = process.append, []

        async def tried(batch: Sequence[Append]) -> list[int | None]:
            tries.append(asyncio.get_running_loop().time())
            return await append(batch)

        monkeypatch.setattr(process, "append", tried)
        log.away = True
        client.text += "x"
        client.send()
        # Doubled each time, without an end, the last of so many pauses alone would take an hour.
        await wait_until(lambda: len(tries) > 12, "tries")
        pauses = [after - before for before, after in itertools.pairwise(tries)]
        assert all(pause >= most * 0.9 for pause in pauses[-5:]), "it pauses between tries"
        assert pauses[0] < most
        log.away = False
        await wait_until(lambda: client.all_acknowledged, "the acknowledgement")


async def test_gap_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """[S3] GAP_PATIENCE: a record that is missing may still come by itself; the log is read when it does not."""
    async with processes(2) as (log, (process, other)):
        document = await process.documents.open(NAME)
        monkeypatch.setattr(open_module, "GAP_PATIENCE", 3600.0)
        lost = missed(log, other, 1)
        early = process.figures.resyncs
        assert document.is_behind and not early
        process.documents.hear_commit(NAME, lost, 1, 1)
        assert document.tail.known == 2
        monkeypatch.undo()
        began = asyncio.get_running_loop().time()
        missed(log, other, 3)
        await wait_until(lambda: document.tail.known == 4, "the gap to be read")
        assert asyncio.get_running_loop().time() - began >= limits.GAP_PATIENCE
        assert process.figures.resyncs == 1


def missed(log: Log, by: Process, client: int) -> Commit:
    """Two commits, of which the other processes heard the second one; the first."""
    log.deaf = True
    log.put(by, NAME, [Record(b"", 0, text(client, 0, "a"))])
    last = log.put(by, NAME, [Record(b"", 0, text(client + 1, 0, "b"))])
    log.deaf = False
    for process in log.processes:
        if process is not by:
            process.documents.hear_commit(NAME, log.commits[NAME][-1], last, last)
    return log.commits[NAME][-2]
