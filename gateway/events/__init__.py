"""`GET /events`: what happens, as it happens; and the nudge that makes sure that it is told."""
