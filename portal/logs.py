"""Logs as one JSON object a line, with the request id and without content.

What people write (titles, names, findings) belongs to the audit log and to rows, never here: `_scrub` drops the parts
of a database error that quote values. To add a field to every line, add a processor to `PROCESSORS`.
"""

import logging.config
import re
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

# PostgreSQL quotes rows and keys in these lines of an error
QUOTING = re.compile(r"^(DETAIL|CONTEXT|HINT|QUERY|STATEMENT|LINE \d+):.*$", re.MULTILINE)


def _request_id(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    from portal.kit.context import current_request_id  # Django must not be needed to load the settings

    if current := current_request_id():
        event["request_id"] = current
    return event


def _scrub(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for key in ("event", "exception"):
        if isinstance(event.get(key), str):
            event[key] = QUOTING.sub(r"\1: (left out)", event[key])
    return event


PROCESSORS: list[Any] = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    _request_id,
    structlog.processors.format_exc_info,
    _scrub,
]


def logging_table(level: str) -> dict[str, Any]:
    """The `logging.config` table: everything to standard error as JSON, from `level` up."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": PROCESSORS,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.JSONRenderer(),
                ],
            },
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": level},
        # 404 and 403 answers are ordinary here; server errors are not
        "loggers": {"django.request": {"level": "ERROR"}},
    }


def configure(table: dict[str, Any]) -> None:
    """Set up `logging` and structlog from one table; named by `LOGGING_CONFIG`."""
    logging.config.dictConfig(table)
    structlog.configure(
        processors=[*PROCESSORS, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
