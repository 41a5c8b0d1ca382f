"""Providers' formats as pure functions: what to send, and what its answer says. One file per format.

port        what every format can do, and what its users see of it
openai (openai_chunks), anthropic, gemini, cohere, ollama
decoding    the rules that all answers obey, over  sse, ndjson  (lines): bytes cut anywhere
thinking    thoughts that stand in the content
refusals    errors of all dialects, by  kinds  and  waits
turns       a conversation as the strictest provider takes it        listing     lists of models
values      numbers and JSON that may be anything                    addresses   URLs that people wrote
"""
