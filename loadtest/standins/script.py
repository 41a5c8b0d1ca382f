"""What an answer does. Tests write a Script; everybody else names a model that says it.

say-50                  50 tokens at once
say-50-at-5ms           every 5 ms one
say-50-at-5ms-split     byte by byte
say-50-twice            begins twice
say-50-late-200ms       its status and headers come after 200 ms
say-50-stall-3          nothing more after 3 tokens; stall-0 is before the first
say-50-alive-3          keep-alives for ever after 3 tokens
say-50-error-3          an error inside the answer after 3 tokens
say-50-reset-3          the connection is reset after 3 tokens
say-50-torn-3           ends properly after 3 tokens, but says no end
refuse-rate             an error status: rate, quota, overloaded, broken, key, missing, long
"""

import re
from dataclasses import dataclass, replace
from typing import Final, Literal

Refused = Literal["rate", "quota", "overloaded", "broken", "key", "missing", "long"]
REFUSALS: Final[tuple[Refused, ...]] = ("rate", "quota", "overloaded", "broken", "key", "missing", "long")
Fault = Literal["stall", "alive", "error", "reset", "torn"]
NEVER: Final = float("inf")
TOKENS_MAX: Final = 100_000
"""Of one answer: more than any model says. Answer: this many."""


@dataclass(frozen=True, slots=True)
class Script:
    """One answer."""

    tokens: int = 10
    pause: float = 0.0
    """Seconds before each token."""
    pieces: tuple[str, ...] = ()
    """The tokens themselves, where these matter; otherwise they are numbers in order."""
    refuse: Refused | None = None
    late: float = 0.0
    """Seconds before the status; NEVER."""
    starts: int = 1
    split: bool = False
    fault: Fault | None = None
    after: int = 0
    """Tokens before the fault."""

    @property
    def words(self) -> tuple[str, ...]:
        """What is said, token by token."""
        return self.pieces or tuple(word(number) for number in range(min(self.tokens, TOKENS_MAX)))

    @property
    def said(self) -> tuple[str, ...]:
        """What is said before something goes wrong."""
        return () if self.refuse or self.late == NEVER else self.words[: self.after if self.fault else None]


def word(number: int) -> str:
    """A token, which says where in the answer it belongs."""
    return f"{number} "


_SAY: Final = re.compile(r"say-(\d{1,6})(?:-at-(\d{1,6})ms)?((?:-[a-z]+(?:-\d{1,6}(?:ms)?)?)*)", re.ASCII)
_WISH: Final = re.compile(r"-([a-z]+)(?:-(\d+))?", re.ASCII)


def named(model: str) -> Script | None:
    """What the model of this name does; None: there is no such model."""
    for refused in REFUSALS:
        if model == f"refuse-{refused}":
            return Script(refuse=refused)
    if not (found := _SAY.fullmatch(model)):
        return None
    script = Script(tokens=int(found[1]), pause=int(found[2] or 0) / 1000)
    for wish, number in _WISH.findall(found[3].replace("ms", "")):
        match wish:
            case "split":
                script = replace(script, split=True)
            case "twice":
                script = replace(script, starts=2)
            case "late":
                script = replace(script, late=int(number) / 1000 if number else NEVER)
            case "stall" | "alive" | "error" | "reset" | "torn":
                script = replace(script, fault=wish, after=int(number or 0))
            case _:
                return None
    return script
