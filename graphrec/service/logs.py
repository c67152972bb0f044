"""Logs as JSON lines or text, without what is personal: routes as templates, errors without what they say of values."""

from __future__ import annotations

import logging
import time
import traceback
from enum import StrEnum
from typing import Any

import orjson

REQUESTS = "graphrec.request"
"""The logger of requests: failures of the service at `error`, all others at `info`. 503 isn't one: it is what a service
says that starts or waits for Neo4j, as often as it is asked, and whoever waits logs why, once."""

_requests = logging.getLogger(REQUESTS)


class LogFormat(StrEnum):
    """How a line of the log looks."""

    text = "text"
    json = "json"


class LogLevel(StrEnum):
    """What is logged: at `info` and below each request too."""

    debug = "debug"
    info = "info"
    warning = "warning"
    error = "error"


class TextLines(logging.Formatter):
    """`time LEVEL logger: message name=value …`, and where an exception was raised."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, with those of an exception after it."""
        fields = " ".join(f"{name}={value}" for name, value in _fields(record).items())
        told = f"{_when(record)} {record.levelname} {record.name}: {_message(record)} {fields}".rstrip()
        return "\n  ".join([told, *_raised(record)])


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, message, the fields of a request, and `raised` with an exception."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, Any] = {
            "time": _when(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
            **_fields(record),
        }
        if raised := _raised(record):
            line["raised"] = raised
        return orjson.dumps(line, default=str).decode()


def log_config(kind: LogFormat, level: LogLevel) -> dict[str, Any]:
    """The configuration of `logging` for this process and for the workers, which uvicorn hands it to.

    What other libraries log comes from `warning` on; what uvicorn logs of requests, never: it holds raw paths.
    """
    lines = {LogFormat.json: JsonLines, LogFormat.text: TextLines}[kind]
    ours = {"level": level.upper()}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": f"{lines.__module__}.{lines.__name__}"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {"graphrec": ours, "uvicorn": ours, "uvicorn.access": {"level": "CRITICAL", "propagate": False}},
    }


def tells_all() -> bool:
    """Whether every request is logged, not only those that failed here."""
    return _requests.isEnabledFor(logging.INFO)


def is_failure(status: int) -> bool:
    """Whether a request failed here."""
    return status >= 500 and status != 503


def tell_request(**fields: Any) -> None:
    """Log a request."""
    level = logging.ERROR if is_failure(fields["status"]) else logging.INFO
    _requests.log(level, "request", extra={"fields": fields})


def tell_error(error: BaseException, request_id: str) -> None:
    """Log an error that nobody expected, with the request that met it."""
    told = (type(error), error, error.__traceback__)
    _requests.error("a request failed", exc_info=told, extra={"fields": {"request_id": request_id}})


def _when(record: logging.LogRecord) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    return getattr(record, "fields", {})


def _message(record: logging.LogRecord) -> str:
    """What is said. asyncio's goes on with objects, and what they hold."""
    text = record.getMessage()
    return text.partition("\n")[0] if record.name == "asyncio" else text


def _raised(record: logging.LogRecord) -> list[str]:
    """The exceptions behind a record, the outermost first, as types and places: their messages may hold anything."""
    error = record.exc_info[1] if record.exc_info else None
    told: list[str] = []
    while error is not None and len(told) < 100:
        told.append(type(error).__qualname__)
        frames = traceback.extract_tb(error.__traceback__)
        told += [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
        error = error.__cause__ or error.__context__
    return told
