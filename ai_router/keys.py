"""Whose key a model is asked with, and which breakers that concerns."""

from typing import Final, Literal

Key = Literal["own", "server", "none"]
"""The asking person's, the server's, or none is needed."""
KEYLESS: Final = frozenset({"ollama", "demo"})
"""Providers that need none."""


def scopes(model: str, key: Key) -> tuple[str, ...]:
    """Names of the breakers that have to permit asking `provider/model`, and that hear of its success."""
    provider = model.partition("/")[0]
    shared = (provider, model)
    return (*shared, f"server:{provider}", f"server:{model}") if key == "server" else shared
