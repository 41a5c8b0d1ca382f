"""Ollama's chat: lines of JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

from loadtest.standins.dialect import ASKED, WAIT_SECONDS, Refusal, compact
from loadtest.standins.script import Refused


def _line(message: dict[str, Any], **more: Any) -> bytes:
    head = {"model": "standin", "created_at": "2026-08-04T08:52:19.385406455-07:00"}
    return compact({**head, "message": {"role": "assistant", **message}, "done": False, **more}).encode() + b"\n"


class Ollama:
    """See dialect.py."""

    name = "ollama"
    chat_path = "/api/chat"
    list_path = "/api/tags"
    content_type = "application/x-ndjson"
    keep_alive = b"\n"
    error_inside = b'{"error":"an error was encountered while running the model"}\n'
    refusals: Mapping[Refused, Refusal] = {
        "rate": Refusal(429, {"error": "too many requests"}, {"retry-after": str(WAIT_SECONDS)}),
        "quota": Refusal(402, {"error": "usage limit reached"}),
        "overloaded": Refusal(503, {"error": "server busy, please try again"}),
        "broken": Refusal(500, {"error": "llama runner process has terminated"}),
        "key": Refusal(401, {"error": "unauthorized: {key}"}),
        "missing": Refusal(404, {"error": "model 'nothing' not found"}),
        "long": Refusal(400, {"error": "input exceeds the context window"}),
    }

    def opening(self) -> bytes:
        return b""

    def token(self, text: str) -> bytes:
        return _line({"content": text})

    def ending(self, answered: int, body: Any) -> bytes:
        counts = {"prompt_eval_count": ASKED, "eval_count": answered, "load_duration": 1334875}
        return _line({"content": ""}, done=True, done_reason="stop", **counts)

    def models(self, names: Sequence[str], query: Mapping[str, str]) -> Any:
        return {"models": [{"name": name, "model": name, "details": {"family": "llama"}} for name in names]}

    def objection(self, headers: Mapping[str, str], query: Mapping[str, str], body: Any) -> str:
        return "" if body.get("messages") else "messages are required"

    def refusal(self, message: str) -> Refusal:
        return Refusal(400, {"error": message})
