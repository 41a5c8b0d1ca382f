"""docs/asvs.md names tests: each of them is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def test_every_test_named_exists() -> None:
    """What the page says is shown is shown by a test of that name."""
    named = NAMED.findall((ROOT / "docs" / "asvs.md").read_text())
    assert len(named) > 30
    for path, name in named:
        assert (ROOT / path).is_file(), path
        if name:
            assert re.search(rf"^(async )?def {name}\(", (ROOT / path).read_text(), re.MULTILINE), f"{path}::{name}"
