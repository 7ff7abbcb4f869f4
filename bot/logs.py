"""Structured logs with ids, never with contents or tokens."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import structlog

from bot.settings import LogSettings


def set_up(settings: LogSettings, file: Path | None = None) -> None:
    """Send all logs to stderr, or to a file: a line each, as text or JSON.

    Libraries' own logs pass from WARNING on; their informative lines may hold contents.
    """
    colors = settings.format == "text" and file is None and sys.stderr.isatty()
    # Plain tracebacks: the pretty ones print local variables, and those hold what people wrote.
    last: list[structlog.typing.Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
        if settings.format == "json"
        else [structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback)]
    )
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = logging.StreamHandler() if file is None else logging.FileHandler(file, encoding="utf-8")
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *last,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for ours in ("bot", "adapters", "storage"):
        logging.getLogger(ours).setLevel(settings.level)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
