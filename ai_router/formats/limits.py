"""Every limit of reading a provider's answer, with its unit, reason and answer."""

from typing import Final

EVENT_BYTES_MAX: Final = 4 << 20
"""One event or line: a picture by value. Answer: Failed("malformed")."""
BARE_BYTES_MAX: Final = 256 << 10
"""JSON in mid-stream that is no event, which is an error of some hundred bytes. Answer: Failed("malformed")."""
MESSAGE_MAX: Final = 500
"""Characters of a provider's message, for people to read. Answer: cut."""
WAIT_SECONDS_MAX: Final = 3_600.0
"""That a provider may ask to wait; nobody waits so long. Answer: this."""
TOKENS_MAX: Final = 1 << 31
"""That a provider may claim for one answer: beyond it lies no model. Answer: it has not said."""
COST_MAX: Final = 100_000.0
"""USD that a provider may claim for one answer. Answer: it has not said."""
NAME_MAX: Final = 200
"""Characters of a model's name. Answer: it is not listed."""
MODELS_MAX: Final = 5_000
"""Of one page of a list; OpenRouter has some hundred. Answer: the first."""
