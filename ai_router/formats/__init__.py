"""Providers' formats as pure functions: what to send, and what its answer says. One file per format."""
