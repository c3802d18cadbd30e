"""The formats that can be read. A new one is one module here and its name in `SOURCES`."""

from typing import Final

from streams.core.errors import LineRefused
from streams.sources import anonymous_bank, events, schedule_csv, schedule_ics
from streams.sources.source import Convert, Run, Source, by_line

SOURCES: Final = (events.SOURCE, anonymous_bank.SOURCE, schedule_csv.SOURCE, schedule_ics.SOURCE)
BY_NAME: Final = {source.name: source for source in SOURCES}

__all__ = ["BY_NAME", "SOURCES", "Convert", "LineRefused", "Run", "Source", "by_line"]
