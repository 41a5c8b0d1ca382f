"""A few HTTP requests from a test, without a client library. Called by `stack` and by tests."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """Status and decoded body of an answer, also of a refusal."""

    status: int
    body: Any
    headers: dict[str, str]


def request(
    url: str,
    *,
    method: str | None = None,
    token: str | None = None,
    json_body: object = None,
    within: float = 10.0,
) -> Answer:
    """Send one request (POST if there is a body). Raises OSError only if nobody answers; `body` is JSON or text."""
    data = None if json_body is None else json.dumps(json_body).encode()
    headers = {"Content-Type": "application/json"} if data is not None else {}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    asked = urllib.request.Request(url, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(asked, timeout=within) as answer:
            return Answer(answer.status, decoded(answer.read()), dict(answer.headers))
    except urllib.error.HTTPError as refusal:
        with refusal:
            return Answer(refusal.code, decoded(refusal.read()), dict(refusal.headers))


def decoded(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode(errors="replace")
