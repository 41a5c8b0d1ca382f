"""A document that begins with a text: what a file made with content starts from. Called by the routes."""

import pycrdt

ROOT = "content"
"""The root type that holds a document's main text."""


def fresh_text(text: str) -> bytes:
    """A Yjs update (v1) that makes an empty document one with this text, as if somebody had typed it."""
    document: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc()
    document[ROOT] = pycrdt.Text(text)
    return document.get_update()
