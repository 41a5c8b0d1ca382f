"""AI answers: what is asked of a model, and the records of a stream's log. REST bodies, rows and workers share them."""

from typing import Annotated, Any, Final, Literal
from uuid import UUID

from msgspec import Meta, Raw, Struct

from schemas.conversation import Turn
from schemas.models import Category
from schemas.patterns import END, NO_NUL

Status = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
ENDED: Final[frozenset[str]] = frozenset({"done", "failed", "cancelled", "interrupted"})

MODEL_LENGTH: Final = 200  # characters
PROMPT_LENGTH: Final = 500_000  # characters: some 125,000 tokens
TURNS_MAX: Final = 500
REQUEST_BYTES: Final = 20 << 20  # with some pictures

ModelName = Annotated[str, Meta(min_length=1, max_length=MODEL_LENGTH, pattern=r"^(auto|[a-z0-9-]+/[!-~]+)$(?!\n)")]
"""`auto`, or `provider/model`."""


Mode = Literal["auto", "manual"]
"""Who chooses the model."""
RequestId = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[!-~]+" + END)]
"""Printable characters of ASCII, such as a UUID."""


class EditPlan(Struct, frozen=True):
    """Where the answer is typed into a live document. `aim` is rooms/typist.py's."""

    document: str
    client: int
    aim: Raw


class Asked(Struct, frozen=True, omit_defaults=True):
    """What a worker needs to know to answer; stored with the stream."""

    turns: tuple[Turn, ...] = ()
    model: str = "auto"
    max_tokens: int | None = None
    temperature: float | None = None
    cache: bool = False
    edit: EditPlan | None = None
    answered_by: str | None = None
    """The model that gave the answer before, with which `auto` stays while it fits."""
    message: UUID | None = None
    """What is asked in a chat: `turns` are then the way to it, which the worker reads (store/chat_history.py)."""
    category: Category | None = None
    """What kind of question it is, where `turns` are not stored."""


class StreamRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Ask a model: either `messages` or `prompt`."""

    messages: Annotated[tuple[Turn, ...], Meta(max_length=TURNS_MAX)] = ()
    prompt: Annotated[str, Meta(max_length=PROMPT_LENGTH, pattern=NO_NUL)] = ""
    model: ModelName | None = None
    """Without one `auto`, or the chat's."""
    mode: Mode | None = None
    """Follows from `model`; where both are given they must agree."""
    chat_id: UUID | None = None
    """Say the `prompt` in this chat, below its latest answer; `request_id` is then the message's `client_msg_id`."""
    project_id: UUID | None = None
    """Whose members may read the answer."""
    request_id: RequestId | None = None
    """The client's own: a repetition gets the same stream."""
    max_tokens: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    cache: bool = False
    """Whether the answer to the same question of the same person within a day will do."""


class Usage(Struct, frozen=True, omit_defaults=True):
    """Tokens as the provider counted them, and what they cost; without `cost` the answer goes on."""

    input: int | None = None
    output: int | None = None
    reasoning: int = 0
    cached: int = 0
    cost: float | None = None
    """USD."""
    estimated: bool = False
    """Whether the provider did not say all of it: then it is what Atrium reckons."""


class Source(Struct, frozen=True, omit_defaults=True):
    """What an answer rests on. An empty `url` holds the place of what was no web address."""

    url: str
    title: str = ""


class Problem(Struct, frozen=True, omit_defaults=True):
    """Why there is no (more) answer; the kinds stand in ai_router/heard.py."""

    kind: str
    message: str
    retry_after: float | None = None
    """Seconds after which asking again may help, where the provider said so."""


class Stream(Struct, frozen=True):
    """One answer."""

    id: UUID
    status: Status
    model: str | None
    """Which one answered; None while it is not chosen."""
    why: str | None
    """Why this one."""
    text: str
    """All of it, once the stream has ended; until then follow the stream."""
    thought: str
    reason: str | None
    usage: Usage | None
    error: Problem | None
    sources: list[Source]
    """`[1]` in the text is the first; of models that search."""
    project_id: UUID | None
    topic: str
    """For `GET /events`."""
    log_begin: int
    """Subscribe with `after` this number to get all of it."""


class Job(Struct, frozen=True):
    """`/api/jobs/{id}`: work that goes on behind an answer of 202."""

    id: UUID
    kind: Literal["answer"]
    status: Status
    error: Problem | None
    topic: str
    """For `GET /events`."""
    url: str
    """Where its result is."""


class Record(Struct, frozen=True):
    """One record of a stream's log, as clients get it behind `topic` and `number`."""

    event: Literal["ai.started", "ai.delta", "ai.thought", "ai.sources", "ai.state", "ai.done"]
    """`ai.state` is all that was said by then: it replaces what a reader has."""
    data: dict[str, Any]


def done_record(status: str, reason: str | None, usage: Usage | None, error: Problem | None) -> Record:
    """The last record of a stream."""
    data = {"status": status, "reason": reason, "usage": usage, "error": error}
    return Record("ai.done", {name: value for name, value in data.items() if value is not None})


DONE_BEGINS: Final = b'{"event":"ai.done"'
"""The last record of every stream begins like this."""


def stream_topic(stream_id: UUID) -> str:
    """The name of its log."""
    return f"stream:{stream_id}"
