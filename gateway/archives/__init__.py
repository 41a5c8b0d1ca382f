"""Archives of projects, read and written. Called by gateway/routes/archive.py."""
