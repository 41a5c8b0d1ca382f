"""OpenRouter and Perplexity: OpenAI's format with habits of their own."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from loadtest.standins.dialect import ASKED, WAIT_SECONDS, Refusal, alternating, event
from loadtest.standins.openai import OpenAI, chunk, usage
from loadtest.standins.script import Refused


def _error(code: int, message: str, kind: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "metadata": {"error_type": kind}}, "user_id": "user_standin"}


class OpenRouter(OpenAI):
    """Comments before and between events, usage with its cost always, errors beside choices."""

    name = "openrouter"
    chat_path = "/api/v1/chat/completions"
    list_path = "/api/v1/models"
    keep_alive = b": OPENROUTER PROCESSING\n\n"
    error_inside = event(
        chunk(
            {"role": "assistant", "content": ""},
            provider="Standin",
            error={"code": 503, "message": "No room", "metadata": {"error_type": "provider_overloaded"}},
            usage=usage(1, cost=0.00001),
        )
    ) + b"data: [DONE]\n\n"  # fmt: skip
    refusals: Mapping[Refused, Refusal] = {
        "rate": Refusal(
            429, _error(429, "Provider returned error", "rate_limit_exceeded"), {"retry-after": str(WAIT_SECONDS)}
        ),
        "quota": Refusal(402, _error(402, "Insufficient credits", "payment_required")),
        "overloaded": Refusal(503, _error(503, "No room", "provider_overloaded")),
        "broken": Refusal(502, _error(502, "Provider returned error", "server")),
        "key": Refusal(401, _error(401, "User not found: {key}", "authentication")),
        "missing": Refusal(404, _error(404, "No endpoints found", "not_found")),
        "long": Refusal(400, _error(400, "Too long", "context_length_exceeded")),
    }

    def opening(self) -> bytes:
        return self.keep_alive * 3 + event(chunk({"role": "assistant", "content": ""})) + self.keep_alive

    def ending(self, answered: int, body: Any) -> bytes:
        last = chunk({"role": "assistant", "content": ""}, "stop")
        return event(last) + event({**last, "usage": usage(answered, cost=0.00001 * answered)}) + b"data: [DONE]\n\n"

    def models(self, names: Sequence[str], query: Mapping[str, str]) -> Any:
        pricing = {"prompt": "0.000001", "completion": "0.000002"}
        return {"data": [{"id": name, "name": name, "context_length": 8192, "pricing": pricing} for name in names]}

    def refusal(self, message: str) -> Refusal:
        return Refusal(400, _error(400, message, "invalid_request"))


#: What Perplexity finds: titles by address.
FOUND: Final = {"https://example.org/": "An example", "https://example.org/more?a=1": "More of it"}


class Perplexity(OpenAI):
    """Sides that alternate; usage and sources in every piece, the whole answer in the last, with one source more and
    all titles, and no mark behind it.
    """

    name = "perplexity"
    chat_path = "/chat/completions"
    list_path = "/models"

    def token(self, text: str) -> bytes:
        counts = {"prompt_tokens": ASKED, "completion_tokens": 1, "total_tokens": ASKED + 1}
        return event(chunk({"role": "assistant", "content": text}, usage=counts, citations=list(FOUND)[:1]))

    def ending(self, answered: int, body: Any) -> bytes:
        last = chunk({"role": "assistant", "content": ""}, "stop", usage=usage(answered, cost={"total_cost": 0.006}))
        last["choices"][0]["message"] = {"role": "assistant", "content": "all of it, again"}
        results = [{"title": title, "url": url, "date": None} for url, title in FOUND.items()]
        found = {"citations": list(FOUND), "search_results": results}
        return event({**last, "object": "chat.completion.done", **found})

    def objection(self, headers: Mapping[str, str], query: Mapping[str, str], body: Any) -> str:
        messages = body.get("messages") or []
        if messages and messages[0].get("role") == "system":
            messages = messages[1:]
        return super().objection(headers, query, body) or alternating(messages)
