"""Logs: one JSON line per event on stderr, by structlog; the standard library's loggers go the same way.

Called once, by __main__.py. No line ever holds a token: requests are logged without their query, and
whatever else looks like a token (aiohttp quotes malformed request lines) is blotted out at the end.
"""

import logging
import re
import sys
from typing import Final, TextIO

import structlog
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web import RequestPayloadError

from gateway.settings import LogLevel

# A JSON Web Token, also one cut off after its first part; a platform token (atr_) or refresh token (atrr_); the
# value of any `token` parameter, and the token of an invitation, which stands in its path.
_TOKEN: Final = re.compile(r"eyJ[A-Za-z0-9_=-]{8,}(?:\.[A-Za-z0-9_=-]*){0,2}|\batrr?_[A-Za-z0-9_-]{8,}")
_PARAMETER: Final = re.compile(r"((?:access_|room_)?token=)[^&\s\"'\\]+", re.IGNORECASE)
_INVITE: Final = re.compile(r"(/api/invites/)[^/\s\"'\\]+")


def blot(line: str) -> str:
    """The line with every token made unreadable."""
    return _INVITE.sub(r"\1[token]", _PARAMETER.sub(r"\1[token]", _TOKEN.sub("[token]", line)))


class Lines:
    """Where structlog's rendered lines go; `name` is the logger's, for its lines."""

    def __init__(self, stream: TextIO, name: str = "") -> None:
        self.name = name
        self._stream = stream
        self._lost = 0  # lines since the last that could be written

    def msg(self, line: str) -> None:
        """Write one line at once. Where the disk is full it is lost: whoever has something to say must not fail."""
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
            if self._lost:
                lost, self._lost = self._lost, 0
                self.msg(f'{{"level": "warning", "logger": "{self.name}", "event": "log lines lost", "count": {lost}}}')
        except OSError:
            self._lost += 1

    debug = info = warning = error = critical = msg


def configure_logs(level: LogLevel, name: str, stream: TextIO = sys.stderr) -> None:
    """Send every log line of this process, from `level` up, to `stream` as JSON with the process's name."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    ]

    def add_process(logger: object, method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        event["process"] = name
        return event

    # Straight to the stream: by way of the standard library's loggers a line costs four times as much.
    structlog.configure(
        processors=[
            *shared,
            add_process,
            structlog.processors.format_exc_info,
            structlog.processors.EventRenamer("event"),
            _render,
        ],
        logger_factory=lambda *names: Lines(stream, *names),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                add_process,
                structlog.processors.format_exc_info,
                structlog.processors.EventRenamer("event"),
                _render,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for chatty in ("asyncio", "psycopg.pool", "aiohttp.access"):
        logging.getLogger(chatty).setLevel(max(root.level, logging.WARNING))
    logging.getLogger("aiohttp.server").addFilter(_without_quotes)


def _without_quotes(record: logging.LogRecord) -> bool:
    """A request that aiohttp cannot parse is the client's doing: one warning, and no traceback quoting it."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, (HttpProcessingError, RequestPayloadError)):
        record.exc_info = None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        record.msg = f"{record.msg}: {type(error).__name__}"
    return True


_json: Final = structlog.processors.JSONRenderer(ensure_ascii=False)


def _render(logger: object, method: str, event: structlog.typing.EventDict) -> str:
    return blot(str(_json(logger, method, event)))
