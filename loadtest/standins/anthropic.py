"""Anthropic's Messages, with their blanks before the last brace."""

from collections.abc import Mapping, Sequence
from typing import Any

from loadtest.standins.dialect import ASKED, WAIT_SECONDS, Refusal, alternating, compact, page_after
from loadtest.standins.script import Refused


def _event(kind: str, **content: Any) -> bytes:
    text = compact({"type": kind, **content})
    return f"event: {kind}\ndata: {text[:-1]}    }}\n\n".encode()


def _error(kind: str, message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_standin"}


class Anthropic:
    """See dialect.py."""

    name = "anthropic"
    chat_path = "/v1/messages"
    list_path = "/v1/models"
    content_type = "text/event-stream; charset=utf-8"
    keep_alive = b'event: ping\ndata: {"type": "ping"}\n\n'
    error_inside = _event("error", error={"type": "overloaded_error", "message": "Overloaded"})
    refusals: Mapping[Refused, Refusal] = {
        "rate": Refusal(429, _error("rate_limit_error", "Rate limit"), {"retry-after": str(WAIT_SECONDS)}),
        "quota": Refusal(400, _error("invalid_request_error", "Your credit balance is too low")),
        "overloaded": Refusal(529, _error("overloaded_error", "Overloaded")),
        "broken": Refusal(500, _error("api_error", "Internal server error")),
        "key": Refusal(401, _error("authentication_error", "invalid x-api-key {key}")),
        "missing": Refusal(404, _error("not_found_error", "model: nothing")),
        "long": Refusal(400, _error("invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum")),
    }

    def opening(self) -> bytes:
        usage = {"input_tokens": ASKED, "cache_read_input_tokens": 0, "output_tokens": 1}
        message = {"id": "msg_standin", "type": "message", "role": "assistant", "content": [], "usage": usage}
        block = _event("content_block_start", index=0, content_block={"type": "text", "text": ""})
        return _event("message_start", message=message) + block + self.keep_alive

    def token(self, text: str) -> bytes:
        return _event("content_block_delta", index=0, delta={"type": "text_delta", "text": text})

    def ending(self, answered: int, body: Any) -> bytes:
        delta = {"stop_reason": "end_turn", "stop_sequence": None}
        usage = {"input_tokens": ASKED, "output_tokens": answered}
        ends = _event("content_block_stop", index=0) + _event("message_delta", delta=delta, usage=usage)
        return ends + _event("message_stop")

    def models(self, names: Sequence[str], query: Mapping[str, str]) -> Any:
        page, more = page_after(names, query.get("after_id", ""))
        models = [{"type": "model", "id": name, "display_name": name, "max_input_tokens": 8192} for name in page]
        ends = {"first_id": page[0], "last_id": page[-1]} if page else {}
        return {"data": models, "has_more": more, **ends}

    def objection(self, headers: Mapping[str, str], query: Mapping[str, str], body: Any) -> str:
        if "anthropic-version" not in headers:
            return "anthropic-version: header is required"
        if not isinstance(body.get("max_tokens"), int):
            return "max_tokens: Field required"
        blocks = [block for message in body.get("messages") or () for block in message["content"]]
        if any(block["type"] == "text" and not block["text"].strip() for block in blocks):
            return "messages: text content blocks must contain non-whitespace text"
        return alternating(body.get("messages"))

    def refusal(self, message: str) -> Refusal:
        return Refusal(400, _error("invalid_request_error", message))
