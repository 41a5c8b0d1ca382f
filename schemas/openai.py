"""Bodies of `/v1/…`, in OpenAI's shapes (Chat Completions): its SDKs work unchanged. Other fields are ignored."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from schemas.patterns import NO_NUL
from schemas.streams import MODEL_LENGTH, PROMPT_LENGTH, TURNS_MAX

Role = Literal["system", "developer", "user", "assistant", "tool", "function"]


class ImageUrl(Struct, frozen=True):
    """`data:image/png;base64,…`; other addresses are not fetched."""

    url: str


class ContentPart(Struct, frozen=True):
    """A piece of a message."""

    type: str
    text: Annotated[str, Meta(max_length=PROMPT_LENGTH, pattern=NO_NUL)] = ""
    image_url: ImageUrl | None = None


class ChatMessage(Struct, frozen=True):
    """What one side said."""

    role: Role
    content: Annotated[str, Meta(max_length=PROMPT_LENGTH, pattern=NO_NUL)] | tuple[ContentPart, ...] | None = None


class StreamOptions(Struct, frozen=True):
    """What else a stream says."""

    include_usage: bool = False


class ChatCompletionRequest(Struct, frozen=True):
    """A question to a model, or to `auto`."""

    model: Annotated[str, Meta(min_length=1, max_length=MODEL_LENGTH, pattern=NO_NUL)]
    messages: Annotated[tuple[ChatMessage, ...], Meta(min_length=1, max_length=TURNS_MAX)]
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    max_tokens: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    max_completion_tokens: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    n: Annotated[int, Meta(ge=1)] | None = None
    tools: Any = None


class TokenCounts(Struct, frozen=True):
    """As the provider counted them."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class AnsweredMessage(Struct, frozen=True):
    """The whole answer."""

    content: str
    role: Literal["assistant"] = "assistant"
    refusal: str | None = None


class Choice(Struct, frozen=True):
    """The one answer."""

    message: AnsweredMessage
    finish_reason: str
    index: int = 0


class ChatCompletion(Struct, frozen=True):
    """An answer in one piece."""

    id: str
    created: int
    model: str
    choices: tuple[Choice, ...]
    usage: TokenCounts | None = None
    object: Literal["chat.completion"] = "chat.completion"
    citations: tuple[str, ...] | UnsetType = UNSET
    """Addresses that `[1]`, `[2]` … in the answer mean: ours, as Perplexity has it."""


class Model(Struct, frozen=True):
    """A model that may be asked."""

    id: str
    owned_by: str
    created: int = 0
    object: Literal["model"] = "model"


class ModelList(Struct, frozen=True):
    """All of them."""

    data: tuple[Model, ...] = field(default_factory=tuple)
    object: Literal["list"] = "list"
