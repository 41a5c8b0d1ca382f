"""No user says where a model's provider is, or has the server fetch something for one: operators name addresses."""

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import inspect

from gateway.routes.table import TABLE
from tests.rest.api import Api

TAKEN = {
    ("/api/users/{id}", "avatar_url"),  # shown to others as it stands
    ("/v1/chat/completions", "image_url"),
    ("/v1/chat/completions", "url"),  # of a picture, which must be `data:`
    ("/api/webhooks", "url"),  # tests/events/test_outbound.py
    ("/api/webhooks/{id}", "url"),
}
WORDS = ("url", "uri", "host", "address", "endpoint", "base")


def names(kind: Any, seen: set[type]) -> Iterator[str]:
    """Those of all fields of a body, at any depth."""
    if isinstance(kind, inspect.StructType) and kind.cls not in seen:
        seen.add(kind.cls)
        for field in kind.fields:
            yield field.encode_name
            yield from names(field.type, seen)
    for inner in ("type", "item_type", "value_type"):
        yield from names(getattr(kind, inner, None), seen) if hasattr(kind, inner) else ()
    for each in getattr(kind, "types", ()):
        yield from names(each, seen)


def test_no_body_takes_an_address() -> None:
    """But for those that are known here, each with what guards it."""
    bodies = [each for each in TABLE if each.body is not None and each.body is not bytes]
    found = {
        (each.path, name)
        for each in bodies
        for name in names(inspect.type_info(each.body), set())
        if any(word in name.lower() for word in WORDS)
    }
    assert found == TAKEN


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest", "https://example.com/x.png", "file:///etc/passwd", "//x"]
)
async def test_pictures_come_by_value(api: Api, url: str) -> None:
    """A picture's URL is its bytes, or refused: nothing is fetched."""
    part = {"type": "image_url", "image_url": {"url": url}}
    asked = {"model": "auto", "messages": [{"role": "user", "content": [part]}]}
    (await api.call("POST", "/v1/chat/completions", token=await api.token(), json=asked)).problem(422, "invalid")
