"""The operations of AI. Part of the one table, which is table.py."""

from typing import Final

from gateway.operation import Operation
from gateway.permissions import Anyone, InProject, SignedIn
from gateway.routes import ai_edits, ask, jobs, models, openai, streams
from schemas import ai_edits as e
from schemas import chats as c
from schemas import model_lists as m
from schemas import openai as o
from schemas import streams as s
from schemas.roles import Role

SIGNED_IN: Final = SignedIn()
EDITOR: Final = InProject(Role.EDITOR)

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
        body=s.StreamRequest, body_bytes=s.REQUEST_BYTES, answers=bytes, limit="ai", scope="ai",
    ),
    Operation(
        "POST", "/api/ai", ask.ask, SIGNED_IN, body=c.AskRequest, body_bytes=s.REQUEST_BYTES, answers=c.Said,
        status=201, or_status=202, creates=True, limit="ai", scope="ai",
    ),
    Operation("GET", "/api/ai/stream/{id}", streams.read_stream, SIGNED_IN, answers=bytes, scope="ai"),
    Operation("GET", "/api/ai/streams/{id}", streams.show_stream, SIGNED_IN, answers=s.Stream, scope="ai"),
    Operation(
        "POST", "/v1/chat/completions", openai.complete, SIGNED_IN,
        body=o.ChatCompletionRequest, body_bytes=s.REQUEST_BYTES, answers=o.ChatCompletion, limit="ai", scope="ai",
    ),
    Operation(
        "POST", "/api/projects/{id}/ai/edit", ai_edits.start_edit, EDITOR,
        body=e.EditRequest, answers=e.EditStarted, status=202, limit="ai", scope="ai",
    ),
    Operation(
        "POST", "/api/projects/{id}/ai/edits/{stream}/undo", ai_edits.undo_edit, EDITOR, answers=s.Stream, scope="ai",
    ),
    Operation("GET", "/api/jobs/{id}", jobs.show_job, SIGNED_IN, answers=s.Job, scope="ai"),
    Operation("DELETE", "/api/jobs/{id}", jobs.cancel_job, SIGNED_IN, answers=s.Job, scope="ai"),
    Operation("GET", "/v1/models", openai.list_models, SIGNED_IN, answers=o.ModelList, scope="ai"),
    Operation("POST", "/api/ai/stream/{id}/cancel", streams.cancel_stream, SIGNED_IN, answers=s.Stream, scope="ai"),
)  # fmt: skip
