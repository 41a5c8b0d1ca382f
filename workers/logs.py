"""Logs of a worker: one JSON line per event on stderr, also those of libraries. Called once, by __main__.py."""

import logging
import sys
from typing import TextIO

import structlog

QUIET = {"arq.connections": logging.ERROR, "arq.worker": logging.WARNING}
"""Attempts to connect are told by who needed the connection (`sweep postponed`, `queue interrupted`)."""


class Lines:
    """Where rendered lines go. Where the disk is full they are lost: a job must not fail because it has to say so."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lost = 0  # lines since the last that could be written

    def msg(self, line: str) -> None:
        """Write one line at once."""
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
            if self._lost:
                lost, self._lost = self._lost, 0
                self.msg(f'{{"level": "warning", "event": "log lines lost", "count": {lost}}}')
        except OSError:
            self._lost += 1

    debug = info = warning = error = critical = msg


def configure_logs(level: str, name: str, stream: TextIO = sys.stderr) -> None:
    """Send every log line from `level` up to `stream`, with the process's name; of libraries only warnings."""

    def add_process(logger: object, method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        event["process"] = name
        return event

    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        add_process,
    ]
    ends: list[structlog.typing.Processor] = [
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]
    structlog.configure(
        processors=[*shared, *ends],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: Lines(stream),
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ends],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for logger, least in QUIET.items():
        logging.getLogger(logger).setLevel(least)
