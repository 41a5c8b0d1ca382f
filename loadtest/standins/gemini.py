"""Google's Gemini, with its spaces and CRLF, errors that are no events, and no mark at the end."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from loadtest.standins.dialect import ASKED, WAIT_SECONDS, Refusal, page_after
from loadtest.standins.script import Refused

_RPC = "type.googleapis.com/google.rpc."


def _piece(parts: list[Any], answered: int, finish: str = "") -> bytes:
    candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}}
    if finish:
        candidate["finishReason"] = finish
    usage = {"promptTokenCount": ASKED, "candidatesTokenCount": answered, "totalTokenCount": ASKED + answered}
    content = {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "standin", "responseId": "w1pe"}
    return b"data: " + json.dumps(content, ensure_ascii=False, separators=(",", ": ")).encode() + b"\r\n\r\n"


def _error(code: int, status: str, message: str, *details: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "status": status, "details": list(details)}}


def _quota(name: str) -> dict[str, Any]:
    return {"@type": f"{_RPC}QuotaFailure", "violations": [{"quotaId": name}]}


class Gemini:
    """See dialect.py."""

    name = "gemini"
    chat_path = "/v1beta/models/{model}:streamGenerateContent"
    list_path = "/v1beta/models"
    content_type = "text/event-stream"
    keep_alive = b"\r\n"
    error_inside = (
        json.dumps(_error(503, "UNAVAILABLE", "The model is overloaded."), indent=2).replace("\n", "\r\n").encode()
        + b"\r\n"
    )
    refusals: Mapping[Refused, Refusal] = {
        "rate": Refusal(
            429,
            _error(
                *(429, "RESOURCE_EXHAUSTED", "Quota exceeded", _quota("GenerateRequestsPerMinutePerProjectPerModel")),
                {"@type": f"{_RPC}RetryInfo", "retryDelay": f"{WAIT_SECONDS}s"},
            ),
        ),
        "quota": Refusal(
            429,
            _error(
                *(429, "RESOURCE_EXHAUSTED", "Quota exceeded", _quota("GenerateRequestsPerDayPerProjectPerModel")),
                {"@type": f"{_RPC}RetryInfo", "retryDelay": f"{WAIT_SECONDS}s"},
            ),
        ),
        "overloaded": Refusal(503, _error(503, "UNAVAILABLE", "The model is overloaded.")),
        "broken": Refusal(500, _error(500, "INTERNAL", "Internal error")),
        "key": Refusal(400, _error(400, "INVALID_ARGUMENT", "API key not valid: {key}", {"reason": "API_KEY_INVALID"})),
        "missing": Refusal(404, _error(404, "NOT_FOUND", "models/nothing is not found")),
        "long": Refusal(400, _error(400, "INVALID_ARGUMENT", "The input exceeds the maximum number of tokens allowed")),
    }

    def opening(self) -> bytes:
        return b""

    def token(self, text: str) -> bytes:
        return _piece([{"text": text}], 1)

    def ending(self, answered: int, body: Any) -> bytes:
        return _piece([], answered, "STOP")

    def models(self, names: Sequence[str], query: Mapping[str, str]) -> Any:
        page, more = page_after(names, query.get("pageToken", ""))
        methods = ["generateContent", "countTokens"]
        models = [{"name": f"models/{name}", "supportedGenerationMethods": methods} for name in page]
        return {"models": models, **({"nextPageToken": page[-1]} if more else {})}

    def objection(self, headers: Mapping[str, str], query: Mapping[str, str], body: Any) -> str:
        if query.get("alt") != "sse":
            return "stand-ins stream events only: alt=sse"
        if "key" in query:
            return "the key belongs into a header"
        sides = [each.get("role") for each in body.get("contents") or ()]
        if not sides or set(sides) - {"user", "model"}:
            return "Please use a valid role: user, model."
        return "" if all(each.get("parts") for each in body["contents"]) else "contents.parts must not be empty."

    def refusal(self, message: str) -> Refusal:
        return Refusal(400, _error(400, "INVALID_ARGUMENT", message))
