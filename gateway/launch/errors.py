"""What can keep `up` from running; each message is the one line that the person at the terminal reads."""


class LaunchError(Exception):
    """Atrium cannot start; the message says what is wrong and which option or file to change. Exit code 1."""


class AlreadyRunning(LaunchError):
    """Another `up` holds this ATRIUM_HOME; stop that one, or choose another home."""


class ChildFailed(LaunchError):
    """A child ended again and again before it was ever ready; the message quotes the end of its log."""
