"""The wire formats as pure functions: bytes in, values out, and back. No state, no clock, no I/O."""
