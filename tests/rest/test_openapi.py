"""The API's own description: OpenAPI 3.1 from the table (gateway/openapi.py), and its page (gateway/docs_page.py)."""

import json
import re
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from openapi_spec_validator import OpenAPIV31SpecValidator

from gateway.openapi import document, plain_path
from gateway.routes.table import TABLE
from schemas.about import VERSION
from schemas.patterns import END, NO_NUL
from tests.rest.api import Api

ROOT = Path(__file__).parents[2]


async def test_document_is_openapi(api: Api) -> None:
    """What is served is a valid OpenAPI 3.1 document."""
    reply = await api.call("GET", "/api/openapi.json")
    assert reply.status == 200
    OpenAPIV31SpecValidator(reply.body).validate()


def test_every_operation_is_described() -> None:
    """Each line of the table is there under all its paths, with a summary and an id of its own."""
    paths = document(TABLE, "http://here", VERSION)["paths"]
    described = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert described == {(op.method, plain_path(path)) for op in TABLE for path in (op.path, *op.also)}
    operations = [operation for methods in paths.values() for operation in methods.values()]
    assert all(operation["summary"] for operation in operations)
    ids = [operation["operationId"] for operation in operations]
    assert sorted(ids) == sorted(set(ids))


def test_everything_referred_to_is_there() -> None:
    """Every $ref of the document leads to a schema in it."""
    api = document(TABLE, "http://here", VERSION)
    referred = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(api)))
    assert referred <= set(api["components"]["schemas"])


async def test_page_needs_no_other_host(api: Api) -> None:
    """The page shows every operation, loads nothing from anywhere, and runs no script."""

    class Reader(HTMLParser):
        outside: list[tuple[str, Any]]

        def handle_starttag(self, tag: str, attrs: Any) -> None:
            if tag in ("script", "link", "img", "iframe", "object", "embed"):
                self.outside.append((tag, attrs))
            for name, value in attrs:
                if name in ("src", "href") and not value.startswith(("/", "#")):
                    self.outside.append((name, value))

    async with api.client.get("/api/docs") as response:
        page = await response.text()
        assert response.content_type == "text/html"
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    reader = Reader()
    reader.outside = []
    reader.feed(page)
    assert reader.outside == []
    for operation in TABLE:
        assert plain_path(operation.path).replace("{", "{") in page


def test_version_is_the_projects() -> None:
    """The version that the gateway tells is the one of pyproject.toml."""
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION


def test_patterns_refuse_a_lines_end() -> None:
    """A pattern of a body or query ends with the text: in Python `$` alone lets a line's end follow."""
    found = set(patterns_in(document(TABLE, "http://here", VERSION)))
    assert len(found) > 5
    for pattern in found:
        assert pattern.endswith(END) or pattern == NO_NUL, pattern


def patterns_in(value: Any) -> Iterator[str]:
    """All of a document, but those of headers, which have no line's end."""
    if isinstance(value, dict) and value.get("in") != "header":
        yield from (pattern for pattern in [value.get("pattern")] if isinstance(pattern, str))
        value = list(value.values())
    for inner in value if isinstance(value, list) else ():
        yield from patterns_in(inner)
