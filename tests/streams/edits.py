"""What tests of streams and of edits in documents do over REST, and behind its back."""

import urllib.request

import psycopg

from tests.streams.reader import Asker
from tests.support.stack import Stack


def make_file(stack: Stack, token: str, text: str) -> tuple[str, str]:
    """A project with one text; their ids."""
    project = stack.project(token)
    body = {"path": "a.txt", "content": text}
    made = stack.call(f"/api/projects/{project}/files", method="POST", token=token, json_body=body, expect=201)
    return project, made.body["id"]


async def edit(asker: Asker, project: str, selection: dict[str, int], model: str) -> str:
    """Have a model replace that; the stream."""
    body = {"path": "a.txt", "instruction": "Count.", "selection": selection, "model": model}
    status, started = await asker.call("POST", f"/api/projects/{project}/ai/edit", body)
    assert status < 300, started
    return str(started["stream_id"])


def get(stack: Stack, token: str, file: str) -> str:
    """The text."""
    return str(stack.call(f"/api/files/{file}/content", token=token, expect=200).body)


def put(stack: Stack, token: str, file: str, text: str) -> None:
    """Write the whole text."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "text/plain"}
    url = f"{stack.urls[0]}/api/files/{file}/content"
    with urllib.request.urlopen(urllib.request.Request(url, text.encode(), headers, method="PUT"), timeout=10):
        pass


def execute(stack: Stack, sql: str, stream_id: str) -> None:
    """Change one row."""
    with psycopg.connect(stack.database_url) as connection:
        assert connection.execute(sql, [stream_id]).rowcount == 1
