"""Thoughts inside the content: `<think>…</think>` in front of the answer, as Perplexity's reasoning models and many
small servers send them. They must not be typed into anybody's document.
"""

from typing import Final

from ai_router.heard import Delta, Thought

_OPEN: Final = "<think>"
_CLOSE: Final = "</think>"
BLANK_MAX: Final = 64
"""Characters of white space before the tag; behind more of them nobody thinks."""


class Content:
    """The text of one answer, in pieces that may be cut anywhere, also inside a tag."""

    __slots__ = ("_held", "_speaks", "_thinks", "_thought")

    def __init__(self) -> None:
        self._held = ""
        self._thinks = False
        self._thought = False
        self._speaks = False

    def hear(self, text: str) -> list[Delta | Thought]:
        """What these characters say. A tag that may have begun is held back."""
        if self._speaks:
            return [Delta(text)]
        self._held += text
        if not self._thinks and not self._begins():
            return self.rest() if self._speaks else []
        thought, closed, answer = self._held.partition(_CLOSE)
        if closed:
            self._thinks, self._thought, self._held = False, True, ""
            return self._thoughts(thought) + (self.hear(answer) if answer else [])
        kept = next((length for length in range(len(_CLOSE) - 1, 0, -1) if thought.endswith(_CLOSE[:length])), 0)
        self._held = thought[len(thought) - kept :]
        return self._thoughts(thought[: len(thought) - kept])

    def rest(self) -> list[Delta | Thought]:
        """What was held back, as it was no tag."""
        text, self._held = self._held, ""
        if self._thinks:
            return self._thoughts(text)
        return [Delta(text)] if text else []

    def _begins(self) -> bool:
        """Whether thoughts begin with what is held; otherwise the answer does, or it cannot be said yet."""
        begun = self._held.lstrip()
        blank = len(self._held) - len(begun)
        if self._thought:
            self._held = begun  # between thoughts and answer
        if begun.startswith(_OPEN) and blank <= BLANK_MAX and not self._thought:
            self._thinks, self._held = True, begun.removeprefix(_OPEN)
        elif self._thought:
            self._speaks = bool(begun)
        else:
            self._speaks = not _OPEN.startswith(begun) or blank > BLANK_MAX
        return self._thinks

    @staticmethod
    def _thoughts(text: str) -> list[Delta | Thought]:
        return [Thought(text)] if text else []
