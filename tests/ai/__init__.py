"""The AI side: formats, providers, and what is built on them."""
