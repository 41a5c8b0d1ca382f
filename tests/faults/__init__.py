"""Tests that start the real processes and break them, and then count."""
