"""Logs of our processes: one JSON object a line on standard error, one line a state change."""

import json
import logging
import sys
import time
from collections.abc import Mapping
from typing import Any, Final

OURS: Final = "pouls."
"""Begins the names of our own loggers: pouls.pipeline…"""
QUIET_S: Final = 10.0
"""What a library says again and again (a broker is away) is written once in so long."""
LEVELS: Final[Mapping[str, int]] = {
    OURS.removesuffix("."): logging.INFO,
    "kafka": logging.CRITICAL,  # its complaints while a broker is away; we tell that ourselves
}
"""Of our processes, by logger; others from WARNING on."""
PLAIN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """One line of JSON a record; what is passed as `extra` becomes fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Returns the line."""
        line: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {key: value for key, value in vars(record).items() if key not in PLAIN}
        if record.exc_info and record.exc_info[0]:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


class NotAgain(logging.Filter):
    """Drops what the same logger said less than `QUIET_S` ago in the same words."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Returns True if the record is to be written; what we say ourselves always is."""
        if record.name.startswith(OURS):
            return True
        key = (record.name, str(record.msg))
        again = record.created - self._said.get(key, 0.0) < QUIET_S
        if not again:
            self._said[key] = record.created
        return not again


def configure() -> None:
    """Sends all loggers to standard error, at their `LEVELS`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    handler.addFilter(NotAgain())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name, level in LEVELS.items():
        logging.getLogger(name).setLevel(level)
