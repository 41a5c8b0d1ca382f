"""Reading providers' lists of models: whatever they hold beside names is a claim."""

from collections.abc import Iterator
from typing import Any

from ai_router.formats.limits import MODELS_MAX, NAME_MAX
from ai_router.formats.values import ANYTHING, read


def page_of(body: bytes, field: str) -> tuple[list[Any], dict[str, Any]]:
    """The models under `field`, and the whole answer; raises ValueError where there are none."""
    page = read(ANYTHING, body)
    if not isinstance(page, dict) or not isinstance(models := page.get(field), list):
        raise ValueError(f"no list of models under {field}")
    return models[:MODELS_MAX], page


def listed(models: list[Any], field: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each model with its name, which stands under `field`."""
    for each in models:
        name = each.get(field) if isinstance(each, dict) else None
        if isinstance(name, str) and 0 < len(name) <= NAME_MAX and name.isprintable():
            yield name, each


def words(value: Any) -> list[str]:
    """The texts of what should be a list of them."""
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
