"""The formats that can be read. A new one is one module here and its name in `SOURCES`."""

from typing import Final

from streams.sources import anonymous_bank, events
from streams.sources.source import Convert, LineRefused, Source

SOURCES: Final = (events.SOURCE, anonymous_bank.SOURCE)
BY_NAME: Final = {source.name: source for source in SOURCES}

__all__ = ["BY_NAME", "SOURCES", "Convert", "LineRefused", "Source"]
