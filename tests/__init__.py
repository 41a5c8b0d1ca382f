"""The tests of Atrium; they run against real servers (support/stack.py)."""
