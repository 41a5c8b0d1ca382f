"""AI streams on real processes: asked, read from anywhere, stopped, and broken."""
