"""`demo/echo`: the model that is there without any key, so that a newcomer sees an answer stream."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Final

from ai_router.formats.port import Ask
from ai_router.heard import Delta, Finished, Heard, Usage

NAME: Final = "demo/echo"
WORD_SECONDS: Final = 0.02
ECHOED: Final = 2_000
"""Characters of the question that are repeated."""


async def echo(ask: Ask) -> AsyncIterator[Heard]:
    """Says what it is, then the last question, word by word."""
    asked = next((turn.text for turn in reversed(ask.turns) if turn.speaker == "user"), "")
    text = (
        "I am demo/echo, not a language model: no provider's key is set here (see docs/ai.md). "
        f"You said: {asked[:ECHOED]}"
    )
    words = re.findall(r"\s*\S+", text)
    for word in words:
        yield Delta(word)
        await asyncio.sleep(WORD_SECONDS)
    yield Usage(input=sum(len(turn.text.split()) for turn in ask.turns), output=len(words), cost=0.0)
    yield Finished("stop")
