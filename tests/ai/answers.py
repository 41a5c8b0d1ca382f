"""One whole answer in each format, as providers send them, and what it says. Shapes recorded in 2025 and 2026.

Every answer says "Grüße 🎉" over several events, with umlauts and an emoji to cut in half, and thinks where it can.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from ai_router.formats.anthropic import Anthropic
from ai_router.formats.cohere import Cohere
from ai_router.formats.gemini import Gemini
from ai_router.formats.ollama import Ollama
from ai_router.formats.openai import OpenAI
from ai_router.formats.port import Decoder
from ai_router.heard import Delta, Finished, Heard, Sources, Thought, Usage
from schemas.streams import Source


@dataclass(frozen=True, slots=True)
class Answer:
    """What was sent, and what it says."""

    name: str
    decoder: Callable[[], Decoder]
    sent: bytes
    says: tuple[Heard, ...]

    def __str__(self) -> str:
        return self.name


def hear(decoder: Decoder, pieces: Iterable[bytes]) -> list[Heard]:
    """All that a decoder says to these pieces and the end behind them."""
    return [heard for piece in pieces for heard in decoder.feed(piece)] + decoder.end()


def sse(*data: str, end: str = "\n") -> bytes:
    """Events of data alone."""
    return "".join(f"data: {each}{end}{end}" for each in data).encode()


def chunk(delta: str, finish: str = "null", more: str = "") -> str:
    """One of OpenAI's."""
    return (
        '{"id":"chatcmpl-D8Z5","object":"chat.completion.chunk","created":1770933892,"model":"gpt-4.1-nano-2025-04-14",'
        f'"choices":[{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":{finish}}}]{more}}}'
    )


PADDING: Final = ',"usage":null,"obfuscation":"Qup1BsQ3"'
OPENAI: Final = Answer(
    "openai",
    OpenAI().decoder,
    sse(
        chunk('{"role":"assistant","content":"","refusal":null}', more=PADDING),
        chunk('{"content":null}', more=PADDING),
        chunk('{"content":"Grü"}', more=PADDING),
        chunk('{"content":"ße \\ud83c\\udf89"}', more=PADDING),
        chunk("{}", '"stop"', more=PADDING),
        '{"id":"chatcmpl-D8Z5","object":"chat.completion.chunk","choices":[],"usage":{"prompt_tokens":16,'
        '"completion_tokens":30,"total_tokens":46,"prompt_tokens_details":{"cached_tokens":4,"audio_tokens":0},'
        '"completion_tokens_details":{"reasoning_tokens":20,"audio_tokens":0}},"obfuscation":"h9RiQLL"}',
        "[DONE]",
    ),
    (Delta("Grü"), Delta("ße 🎉"), Usage(16, 30, reasoning=20, cached=4), Finished("stop")),
)

_OPENROUTER_END: Final = (
    ',"usage":{"prompt_tokens":43,"completion_tokens":10,"total_tokens":53,"cost":0.00014,"is_byok":false,'
    '"completion_tokens_details":{"reasoning_tokens":11,"image_tokens":0}}'
)
OPENROUTER: Final = Answer(
    "openrouter",
    OpenAI(asks_for_usage=False).decoder,
    b": OPENROUTER PROCESSING\n\n" * 17
    + sse(
        chunk('{"role":"assistant","content":"","reasoning":"We need","reasoning_details":[{"type":"reasoning.text"}]}')
    )
    + b": OPENROUTER PROCESSING\n\n"
    + sse(
        chunk('{"content":"Grüße 🎉"}'),
        chunk('{"content":""}', '"stop"'),
        chunk('{"content":""}', '"stop"', _OPENROUTER_END),
        "[DONE]",
    ),
    # more reasoning than output: the part is cut to the whole
    (Thought("We need"), Delta("Grüße 🎉"), Usage(43, 10, reasoning=10, cost=0.00014), Finished("stop")),
)

_SOURCES: Final = ',"citations":["https://populationstat.com/x"],"usage":{"prompt_tokens":10,"completion_tokens":%d}'
PERPLEXITY: Final = Answer(
    "perplexity",
    OpenAI(asks_for_usage=False).decoder,
    sse(
        chunk('{"role":"assistant","content":"Grü"}', more=_SOURCES % 1),
        chunk('{"role":"assistant","content":"ße 🎉"}', more=_SOURCES % 336),
        '{"object":"chat.completion.done","usage":{"prompt_tokens":10,"completion_tokens":336,"cost":{"total_cost":0.006}},'
        '"choices":[{"index":0,"message":{"role":"assistant","content":"Grüße 🎉"},'
        '"delta":{"role":"assistant","content":""},"finish_reason":"stop"}]}',
        end="\r\n",
    ),
    (
        *(Usage(10, 1), Sources((Source("https://populationstat.com/x"),)), Delta("Grü")),
        *(Usage(10, 336), Delta("ße 🎉")),
        *(Usage(10, 336, cost=0.006), Finished("stop")),
    ),
)


def named(name: str, data: str) -> str:
    """An event with a name."""
    return f"event: {name}\ndata: {data}\n\n"


def block(index: int, delta: str) -> str:
    """One of Anthropic's deltas, padded as they are."""
    return named("content_block_delta", f'{{"type":"content_block_delta","index":{index},"delta":{delta}}}     }}'[:-1])


ANTHROPIC: Final = Answer(
    "anthropic",
    Anthropic().decoder,
    (
        named(
            "message_start",
            '{"type":"message_start","message":{"model":"claude-sonnet-4-20250514","id":"msg_01ALw","type":"message",'
            '"role":"assistant","content":[],"stop_reason":null,"usage":{"input_tokens":43,'
            '"cache_creation_input_tokens":5,"cache_read_input_tokens":7,"output_tokens":1}}    }',
        )
        + named(
            "content_block_start",
            '{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}   }',
        )
        + named("ping", '{"type": "ping"}')
        + block(0, '{"type":"thinking_delta","thinking":"This"}')
        + block(0, '{"type":"signature_delta","signature":"EqQB"}')
        + named("content_block_stop", '{"type":"content_block_stop","index":0               }')
        + named(
            "content_block_start", '{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}'
        )
        + block(1, '{"type":"text_delta","text":"Grü"}')
        + block(1, '{"type":"text_delta","text":"ße 🎉"}')
        + block(1, '{"type":"citations_delta","citation":{"type":"char_location"}}')
        + named("something_new", '{"type":"something_new","text":"not for us"}')
        + named(
            "message_delta",
            '{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},'
            '"usage":{"input_tokens":61,"cache_read_input_tokens":7,"output_tokens":30}}',
        )
        + named("message_stop", '{"type":"message_stop"}')
    ).encode(),
    (
        *(Usage(55, 1, cached=7), Thought("This"), Delta("Grü"), Delta("ße 🎉")),
        *(Usage(73, 30, cached=7), Finished("stop")),
    ),
)


def piece(parts: str, usage: str, finish: str = "") -> str:
    """One of Gemini's, with its spaces."""
    reason = f',"finishReason": "{finish}"' if finish else ""
    return (
        f'{{"candidates": [{{"content": {{"parts": [{parts}],"role": "model"}}{reason}}}],'
        f'"usageMetadata": {{{usage}}},"modelVersion": "gemini-2.0-flash-exp","responseId": "w1peaMz6INOvnvgPgYfPiQY"}}'
    )


GEMINI: Final = Answer(
    "gemini",
    Gemini().decoder,
    sse(
        piece('{"text": "Think","thought": true}', '"promptTokenCount": 15,"totalTokenCount": 15'),
        piece('{"text": "Grü"}', '"promptTokenCount": 15,"totalTokenCount": 15'),
        piece('{"text": "","thoughtSignature": "Ep4B"}', '"promptTokenCount": 15,"totalTokenCount": 15'),
        piece(
            '{"text": "ße 🎉"}',
            '"promptTokenCount": 13,"candidatesTokenCount": 8,"thoughtsTokenCount": 5,"totalTokenCount": 26',
            "STOP",
        ),
        end="\r\n",
    ),
    (
        *(Usage(15), Thought("Think"), Delta("Grü"), Usage(13, 13, reasoning=5), Delta("ße 🎉")),
        Finished("stop"),
    ),
)

COHERE: Final = Answer(
    "cohere",
    Cohere().decoder,
    (
        named(
            "message-start",
            '{"id":"321d178c","type":"message-start","delta":{"message":{"role":"assistant","content":[],'
            '"tool_plan":"","tool_calls":[],"citations":[]}}}',
        )
        + named(
            "content-start",
            '{"type":"content-start","index":0,"delta":{"message":{"content":{"type":"text","text":""}}}}',
        )
        + "".join(
            named("content-delta", f'{{"type":"content-delta","index":0,"delta":{{"message":{{"content":{each}}}}}}}')
            for each in ('{"thinking":"The"}', '{"text":"Grü"}', '{"text":"ße 🎉"}')
        )
        + "data:\n\n"
        + named("content-end", '{"type":"content-end","index":0}')
        + named(
            "message-end",
            '{"type":"message-end","delta":{"finish_reason":"COMPLETE","usage":{"billed_units":{"input_tokens":12.0,'
            '"output_tokens":7},"tokens":{"input_tokens":507,"output_tokens":10},"cached_tokens":448}}}',
        )
        + "data: [DONE]\n\n"
    ).encode(),
    (Thought("The"), Delta("Grü"), Delta("ße 🎉"), Usage(12, 7), Finished("stop")),
)


def line(message: str, rest: str = '"done":false') -> str:
    """One of Ollama's."""
    return f'{{"model":"llama3.2","created_at":"2026-08-04T08:52:19.385406455-07:00","message":{message},{rest}}}\n'


OLLAMA: Final = Answer(
    "ollama",
    Ollama().decoder,
    (
        line('{"role":"assistant","content":"","thinking":"Hm"}')
        + line('{"role":"assistant","content":"Grü","images":null}')
        + line('{"role":"assistant","content":"ße 🎉"}')
        + line(
            '{"role":"assistant","content":""}',
            '"done":true,"done_reason":"stop","total_duration":4883583458,"load_duration":1334875,'
            '"prompt_eval_count":26,"prompt_eval_duration":342546000,"eval_count":282,"eval_duration":4535599000',
        )
    ).encode(),
    (Thought("Hm"), Delta("Grü"), Delta("ße 🎉"), Usage(26, 282), Finished("stop")),
)

ANSWERS: Final = (OPENAI, OPENROUTER, PERPLEXITY, ANTHROPIC, GEMINI, COHERE, OLLAMA)
