"""What can go wrong in the store. gateway/problems.py maps these to HTTP.

StoreError
├── StoreUnavailable   a server does not answer; try again
├── PathTaken          a file is in the way of another one
├── TooManyFiles       a project is full
├── Unstorable         a value that PostgreSQL cannot keep
└── MigrationRefused   the database's schema does not fit this version of Atrium
"""

from schemas.unavailable import Unavailable


class StoreError(Exception):
    """Base of every error that the store raises on purpose."""


class StoreUnavailable(StoreError, Unavailable):
    """A server that holds state cannot be reached, or does not answer in time.

    Whether a write took place is unknown. The caller may try again after `retry_after` seconds.
    """

    def __init__(self, server: str, reason: str, retry_after: int = 2) -> None:
        super().__init__(f"{server} is unavailable: {reason}")
        self.server = server
        self.retry_after = retry_after  # seconds


class MigrationRefused(StoreError):
    """The migrations in the database and those of this version contradict each other; nothing was changed."""


class Taken(StoreError):
    """A unique thing exists already; `constraint` is the name of the index that says so. Choose another."""

    def __init__(self, constraint: str) -> None:
        super().__init__(f"already taken: {constraint}")
        self.constraint = constraint


class Dangling(StoreError):
    """A row refers to one that is not there (any more); `constraint` names the reference."""

    def __init__(self, constraint: str) -> None:
        super().__init__(f"refers to nothing: {constraint}")
        self.constraint = constraint


class Unstorable(StoreError):
    """PostgreSQL cannot keep a value, such as a text with a NUL or a number of 30 digits. Nothing was changed.

    Whoever takes values from outside refuses those before, and names the field; this is for what they forgot.
    """


class PathTaken(StoreError):
    """The file at `path` is where another one was to be, or above or below it. Choose another path."""

    def __init__(self, path: str) -> None:
        super().__init__(f"there is a file at {path!r}")
        self.path = path


class TooManyFiles(StoreError):
    """The project has as many files as it may have (`most`). Delete some, or use another project."""

    def __init__(self, most: int) -> None:
        super().__init__(f"a project has at most {most} files")
        self.most = most
