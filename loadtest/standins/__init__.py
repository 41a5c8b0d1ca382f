"""Providers of AI that are not: they answer in each provider's format, on a real socket, and break as told.

__main__    one process of them, `python -m loadtest.standins --port 9000`: the upstream of the bench, or of an Atrium
            that somebody tries without a key
server      all formats under paths of their own on one port, and what was asked of them
script      what an answer does: how many tokens, how fast, and what goes wrong; by the model's name
playing     does it
dialect     what a format says: one file each, anthropic, cohere, gemini, ollama, openai, relatives
recorded    a request, when its tokens were sent, and when its client left

Fixtures are written after the same recorded bytes as ai_router's tests, and share no code with what they test.
"""
