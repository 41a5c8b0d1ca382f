"""The operations of AI. Part of the one table, which is table.py."""

from typing import Final

from gateway.operation import Operation
from gateway.permissions import Anyone, SignedIn
from gateway.routes import models, openai, streams
from schemas import model_lists as m
from schemas import openai as o
from schemas import streams as s

SIGNED_IN: Final = SignedIn()

AI: Final[tuple[Operation, ...]] = (
    Operation(
        "GET", "/api/ai/models", models.list_models, Anyone(),
        query=m.ModelsQuery, answers=m.ModelList, also=("/api/models",),
    ),
    Operation(
        "GET", "/api/ai/models/{name:.+}", models.show_model, Anyone(), answers=m.ListedModel,
        also=("/api/models/{name:.+}",),
    ),
    Operation(
        "POST", "/api/ai/stream", streams.start_stream, SIGNED_IN,
        body=s.StreamRequest, body_bytes=s.REQUEST_BYTES, answers=bytes, scope="ai",
    ),
    Operation("GET", "/api/ai/stream/{id}", streams.read_stream, SIGNED_IN, answers=bytes, scope="ai"),
    Operation("GET", "/api/ai/streams/{id}", streams.show_stream, SIGNED_IN, answers=s.Stream, scope="ai"),
    Operation(
        "POST", "/v1/chat/completions", openai.complete, SIGNED_IN,
        body=o.ChatCompletionRequest, body_bytes=s.REQUEST_BYTES, answers=o.ChatCompletion, scope="ai",
    ),
    Operation("GET", "/v1/models", openai.list_models, SIGNED_IN, answers=o.ModelList, scope="ai"),
    Operation("POST", "/api/ai/stream/{id}/cancel", streams.cancel_stream, SIGNED_IN, answers=s.Stream, scope="ai"),
)  # fmt: skip
