"""Answers of models: the processes `python -m workers ai`. The map is desk.py."""
