"""OpenAI's Chat Completions."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from loadtest.standins.dialect import ASKED, WAIT_SECONDS, Refusal, compact, event
from loadtest.standins.script import Refused

HEAD: Final = {"id": "chatcmpl-standin", "object": "chat.completion.chunk", "created": 1770933892, "model": "standin"}


def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> dict[str, Any]:
    """One piece of an answer."""
    return {**HEAD, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}], **more}


def usage(answered: int, **more: Any) -> dict[str, Any]:
    """The tokens."""
    counts = {"prompt_tokens": ASKED, "completion_tokens": answered, "total_tokens": ASKED + answered}
    return {**counts, "completion_tokens_details": {"reasoning_tokens": 0}, **more}


def error(message: str, kind: str, code: str | None) -> dict[str, Any]:
    """An error, inside an answer too."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


class OpenAI:
    """See dialect.py."""

    name = "openai"
    chat_path = "/v1/chat/completions"
    list_path = "/v1/models"
    content_type = "text/event-stream; charset=utf-8"
    keep_alive = b": keep-alive\n\n"
    error_inside = event(error("The server is overloaded", "server_error", "server_is_overloaded"))
    refusals: Mapping[Refused, Refusal] = {
        "rate": Refusal(
            429,
            error("Rate limit reached for requests", "requests", "rate_limit_exceeded"),
            {"retry-after": str(WAIT_SECONDS), "retry-after-ms": str(WAIT_SECONDS * 1000)},
        ),
        "quota": Refusal(429, error("You exceeded your current quota", "insufficient_quota", "insufficient_quota")),
        "overloaded": Refusal(503, error("Overloaded", "server_error", "server_is_overloaded")),
        "broken": Refusal(500, error("The server had an error", "server_error", None)),
        "key": Refusal(401, error("Incorrect API key provided: {key}", "invalid_request_error", "invalid_api_key")),
        "missing": Refusal(404, error("The model does not exist", "invalid_request_error", "model_not_found")),
        "long": Refusal(400, error("Too long", "invalid_request_error", "context_length_exceeded")),
    }

    def opening(self) -> bytes:
        return event(chunk({"role": "assistant", "content": "", "refusal": None}, usage=None, obfuscation="Qup1"))

    def token(self, text: str) -> bytes:
        return event(chunk({"content": text}, usage=None, obfuscation="Qup1"))

    def ending(self, answered: int, body: Any) -> bytes:
        counted = event({**HEAD, "choices": [], "usage": usage(answered)})
        wanted = (body.get("stream_options") or {}).get("include_usage")
        return event(chunk({}, "stop", usage=None)) + (counted if wanted else b"") + b"data: [DONE]\n\n"

    def models(self, names: Sequence[str], query: Mapping[str, str]) -> Any:
        models = [{"id": name, "object": "model", "created": 1770933892, "owned_by": "standin"} for name in names]
        return {"object": "list", "data": models}

    def objection(self, headers: Mapping[str, str], query: Mapping[str, str], body: Any) -> str:
        if not body.get("messages"):
            return "messages: at least one is required"
        return "" if body.get("stream") is True else f"stand-ins stream only, and were asked for {compact(body)[:100]}"

    def refusal(self, message: str) -> Refusal:
        return Refusal(400, error(message, "invalid_request_error", None))
