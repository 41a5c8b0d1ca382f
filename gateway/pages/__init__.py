"""The few HTML pages that Atrium has of its own: plain, self-contained, each in one file. Served by routes/pages.py."""
