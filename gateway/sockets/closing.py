"""Which close code and reason an error becomes: the one place that says so."""

from gateway.access import Denied
from gateway.sockets.frames import ProtocolError
from rooms.errors import Crowded, Malformed, TooLarge, Unreadable
from schemas.close_codes import CloseCode
from schemas.documents import InvalidName
from schemas.unavailable import Unavailable


def close_code(error: BaseException) -> tuple[int, str]:
    """(code, reason) for what went wrong on a connection; unknown errors are our own fault, 1011."""
    match error:
        case Denied():
            return error.code.value, error.reason
        case ProtocolError():
            return error.code, str(error)
        case TooLarge():
            return CloseCode.TOO_BIG.value, str(error)
        case Malformed() | InvalidName():
            return CloseCode.MALFORMED.value, str(error)
        case Unreadable():
            return CloseCode.INTERNAL.value, str(error)
        case Crowded():
            return CloseCode.OVERLOAD.value, str(error)
        case Unavailable() | TimeoutError():
            return CloseCode.OVERLOAD.value, "a part of the server is away; come back in a moment"
    return CloseCode.INTERNAL.value, "internal error"
