"""`./atrium bench ai`: small and short on real servers, without LiteLLM, and its page without any."""

import re
from pathlib import Path

import psutil
import pytest

from loadtest.ai.__main__ import arguments
from loadtest.ai.bench import Compared, Measured, Shared
from loadtest.ai.client import Asked, content, said
from loadtest.ai.report import render
from tests.loadtest.ending import REPOSITORY, running
from tests.loadtest.test_rest_bench import rows
from tests.support.waiting import wait_for

WITHIN = 150.0  # seconds for what takes twenty on an idle machine
PAGES = REPOSITORY / "docs"


@pytest.mark.slow
def test_it_runs(tmp_path: Path) -> None:
    """Every answer comes whole, one at a time, ten at once and to 200; what was started is stopped, nothing written."""
    published = {path: path.read_bytes() for path in PAGES.glob("benchmarks*")}
    output = tmp_path / "output"
    with running(output, "loadtest", "ai", "--quick") as process:
        wait_for(lambda: "round 1" in output.read_text(), "the first round", within=WITHIN)
        started = psutil.Process(process.pid).children(recursive=True)
        assert process.wait(WITHIN) == 0, output.read_text()
    assert len(started) > 4
    wait_for(lambda: not any(each.is_running() for each in started), "the end of all servers")
    said = output.read_text()
    found = rows(said)
    for streams in ("1", "10"):
        assert float(found[streams][0].replace(",", "")) > 0, "of CPU, whose table is the last"
        assert "not measured" in found[streams]
    shared = re.search(r"\*\*(-?[\d.]+) µs [✓✗]\*\*", said)
    assert shared is not None
    assert float(shared[1]) > 0
    assert {path: path.read_bytes() for path in PAGES.glob("benchmarks*")} == published


def took(added_ms: float, cpu_us: float) -> Measured:
    times = [10 + added_ms] * 9 + [10 + added_ms + 5]
    return Measured(Asked(times, 1_000, 1.0), added_ms, cpu_us, 1.0)


def test_what_falls_short_is_on_the_page() -> None:
    """Each goal is beside what was measured, and a miss is no less visible than a hit."""
    good = Compared(1, [took(5, 90), took(4, 100), took(6, 110)], [took(10, 1_000)])
    bad = Compared(10, [took(96, 103)], [took(10, 1_000)])
    page = render([good, bad], [Shared(15.1, {"gateway-1": 9.0})], 3, 400, 2_000, 0.1)
    first, cpu = page.split("## CPU for each token")
    assert rows(first)["1"] == ["5.0 (4.0 to 6.0)", "10.0", "0.50 ✓", "10.0 ✓"]
    assert rows(first)["10"][2:] == ["9.60 ✗", "101.0 ✗"]
    assert rows(cpu)["1"][:3] == ["100 (90 to 110)", "1,000", "0.10 ✓"]
    assert rows(cpu)["10"][2] == "0.10 ✗"
    assert "**15.1 µs ✗**" in page
    assert "**15.0 µs ✓**" in render([good], [Shared(15.0, {"gateway-1": 9.0})], 1, 400, 2_000, 0.1)


def test_an_answer_is_read_as_its_clients_do() -> None:
    """In chunks that end anywhere, with chunks before the first token, and of either spelling of JSON."""
    events = [
        b'{"choices": [{"delta": {"role": "assistant", "content": ""}}]}',
        b'{"choices":[{"delta":{"content":"0 "}}]}',
    ]
    events += [b'{"choices": [{"delta": {"content": "1 "}}]}', b'{"choices": []}', b"[DONE]"]
    body = b"".join(b"data: %b\n\n" % event for event in events)
    for size in (7, 1_000):
        pieces = [body[at : at + size] for at in range(0, len(body), size)]
        chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
        assert content(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n") == said(2)


@pytest.mark.parametrize("given", [["--quick", "--publish"], ["--alone", "--publish"], ["--rounds", "0"]])
def test_a_run_that_says_nothing_is_not_published(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """What would make no honest page is refused at once."""
    with pytest.raises(SystemExit, match="2"):
        arguments(given)
    assert "atrium bench ai: error:" in capsys.readouterr().err
