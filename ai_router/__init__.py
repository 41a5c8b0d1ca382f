"""Choosing models, speaking to providers, and the arithmetic around it. Pure: no socket, no clock, no environment."""
