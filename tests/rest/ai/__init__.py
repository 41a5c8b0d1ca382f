"""Tests of what people bring to AI and what it costs them: keys, usage and budgets."""
