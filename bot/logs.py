"""Structured logs with ids, never with contents or tokens."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from bot.settings import LogSettings


def set_up(settings: LogSettings, file: Path | None = None) -> None:
    """Send all logs to stderr, or to a file: a line each, as text or JSON.

    Libraries' own logs pass from WARNING on; their informative lines may hold contents.
    """
    handler = logging.StreamHandler() if file is None else logging.FileHandler(file, encoding="utf-8")
    shared: list[Processor] = [
        structlog.stdlib.add_logger_name,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last = _renderers(settings, colors=file is None and sys.stderr.isatty())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    # Our own lines are written past the standard library, whose records take twice as long: two lines for each
    # message were a tenth of what answering it costs.
    structlog.configure(
        processors=[*shared, *last],
        logger_factory=lambda name="": _Lines(name, handler),
        wrapper_class=structlog.make_filtering_bound_logger(settings.level),
    )


class _Lines(structlog.WriteLogger):
    """Writes our lines where the libraries' lines go."""

    def __init__(self, name: str, handler: logging.StreamHandler[Any]) -> None:
        super().__init__(handler.stream)
        self.name = name
        self._handler = handler

    def msg(self, message: str) -> None:
        """Write a line. A full disk or a closed terminal is told on stderr, and keeps nobody from being answered."""
        try:
            super().msg(message)
        except (OSError, ValueError):
            self._handler.handleError(logging.makeLogRecord({"msg": "a line is lost"}))

    log = debug = info = warn = warning = error = critical = fatal = exception = msg


def _renderers(settings: LogSettings, *, colors: bool) -> list[Processor]:
    # Plain tracebacks everywhere: the pretty ones print local variables, and those hold what people wrote.
    if settings.format == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    if colors:
        return [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    return [structlog.processors.format_exc_info, _as_text]


def _as_text(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    """A line as structlog's ConsoleRenderer shows it without colors, in a quarter of its time."""
    timestamp, level, name = event.pop("timestamp"), event.pop("level"), event.pop("logger")
    words, traceback = event.pop("event"), event.pop("exception", "")
    values = "".join(f" {key}={event[key]}" for key in sorted(event))
    return f"{timestamp} [{level:<9}] {words:<30} [{name}]{values}" + (f"\n{traceback}" if traceback else "")
