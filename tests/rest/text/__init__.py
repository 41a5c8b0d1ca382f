"""Texts over REST: contents, versions, authors."""
