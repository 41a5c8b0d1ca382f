"""The one error that capabilities share: something outside does not answer now."""


class Unavailable(Exception):
    """A server that holds state cannot be reached. Nothing is lost: try the same again."""
