"""What is said about AI models: abilities, and the categories of messages by which they are chosen."""

from typing import Final, Literal, get_args

Category = Literal["coding", "reasoning", "writing", "analysis", "research", "fast-chat", "multimodal"]
"""What a message wants: programs; mathematics, logic and puzzles; texts, translations and corrections; judging,
comparing and summarising; sources and what is current; a quick word; pictures, sound and video."""
CATEGORIES: Final[tuple[Category, ...]] = get_args(Category)

Ability = Literal["image", "tools", "reasoning", "json", "search"]
"""Reads pictures; calls tools; thinks before it answers; keeps to a JSON schema; searches the web by itself."""
ABILITIES: Final[tuple[Ability, ...]] = get_args(Ability)
