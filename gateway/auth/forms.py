"""Forms: the bodies that NextAuth's clients and our own pages send. Used by the routes nextauth.py and oauth.py."""

import json
from urllib.parse import parse_qsl

from aiohttp import web

from gateway.bodies import BadBody

FIELDS_MAX = 20
"""NextAuth's own have four."""


async def read_form(request: web.Request) -> dict[str, str]:
    """The fields of an HTML form or of a JSON object; none for an empty body. Raises BadBody."""
    raw = await request.read()
    if not raw.strip():
        return {}
    try:
        if request.content_type == "application/json":
            found = json.loads(raw)
            if not isinstance(found, dict):
                raise ValueError("no object")
            return {str(name): _text(value) for name, value in list(found.items())[:FIELDS_MAX]}
        return dict(parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=FIELDS_MAX))
    except (ValueError, RecursionError):
        raise BadBody(400, "the body is neither a form nor a JSON object") from None


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else ""
