"""Cohere's v2 chat; its list of models is v1."""

from collections.abc import Mapping, Sequence
from typing import Any

from loadtest.standins.dialect import ASKED, WAIT_SECONDS, Refusal, event, page_after
from loadtest.standins.script import Refused


def _event(kind: str, **content: Any) -> bytes:
    return event({"type": kind, **content}, kind)


class Cohere:
    """See dialect.py."""

    name = "cohere"
    chat_path = "/v2/chat"
    list_path = "/v1/models"
    content_type = "text/event-stream"
    keep_alive = b"data:\n\n"
    error_inside = _event("message-end", delta={"finish_reason": "ERROR", "error": "no room"})
    refusals: Mapping[Refused, Refusal] = {
        "rate": Refusal(429, {"message": "limited to 20 API calls / minute"}, {"retry-after": str(WAIT_SECONDS)}),
        "quota": Refusal(429, {"message": "You are using a Trial key, which is limited to 1000 API calls / month"}),
        "overloaded": Refusal(503, {"message": "service unavailable"}),
        "broken": Refusal(500, {"message": "internal server error"}),
        "key": Refusal(401, {"message": "invalid api token {key}"}),
        "missing": Refusal(404, {"message": "model 'nothing' not found"}),
        "long": Refusal(400, {"message": "too many tokens: size limit exceeded"}),
    }

    def opening(self) -> bytes:
        message = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
        start = {"message": {"content": {"type": "text", "text": ""}}}
        return _event("message-start", id="321d178c", delta={"message": message}) + _event(
            "content-start", index=0, delta=start
        )

    def token(self, text: str) -> bytes:
        return _event("content-delta", index=0, delta={"message": {"content": {"text": text}}})

    def ending(self, answered: int, body: Any) -> bytes:
        billed = {"input_tokens": ASKED, "output_tokens": answered}
        usage = {"billed_units": billed, "tokens": {"input_tokens": ASKED + 495, "output_tokens": answered + 3}}
        last = _event("message-end", delta={"finish_reason": "COMPLETE", "usage": usage})
        return _event("content-end", index=0) + last + b"data: [DONE]\n\n"

    def models(self, names: Sequence[str], query: Mapping[str, str]) -> Any:
        page, more = page_after(names, query.get("page_token", ""))
        models = [{"name": name, "endpoints": ["chat"], "context_length": 8192, "features": None} for name in page]
        return {"models": models, **({"next_page_token": page[-1]} if more else {})}

    def objection(self, headers: Mapping[str, str], query: Mapping[str, str], body: Any) -> str:
        return "" if body.get("messages") else "invalid request: at least one message is required"

    def refusal(self, message: str) -> Refusal:
        return Refusal(400, {"message": message})
