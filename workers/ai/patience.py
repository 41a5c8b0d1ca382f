"""How long an AI worker waits: for a model's next token, and for its running answers when it is told to stop."""

from dataclasses import dataclass
from typing import Final

IDLE_SECONDS: Final = 30.0
"""Between two tokens; keep-alives do not count."""
SUMMARY_SECONDS: Final = 20.0
"""For the summary of a history that does not fit; then it is cut. Whoever asked waits meanwhile."""
FINISH_SECONDS: Final = 6.0
"""For running answers after SIGTERM; then they end as interrupted. `up` kills after 9 s (gateway/launch/limits.py)."""

END_SECONDS: Final = 2.0
"""For writing these ends down; where a store is away, another worker writes them later."""


@dataclass(frozen=True, slots=True)
class Patience:
    """With providers, in seconds."""

    first_token: float | None = None
    """From sending to the first token; None: each provider's own (ai_router/providers.py)."""
    idle: float = IDLE_SECONDS
    summary: float = SUMMARY_SECONDS
    """For a whole one."""


AS_THEY_ARE: Final = Patience()
