"""Tests of the REST side, of its store, and of who may open what."""
