"""What the command line asks of a report, checked before anything is read."""

import datetime as dt
from collections.abc import Iterable, Sequence

import msgspec

from streams.core import history, names, windows
from streams.core.buckets import Zone
from streams.core.errors import BadName
from streams.core.events import millis
from streams.core.history import By
from streams.core.kpis import KPIS
from streams.core.windows import Window
from streams.inputs import Input
from streams.report import Ask
from streams.settings import Settings, unknown_zone


class Options(msgspec.Struct, frozen=True):
    """The options as they were written; lists by comma, repetition or both."""

    by: str | None = None
    window: str | None = None
    segment: Sequence[str] = ()
    kpi: Sequence[str] = ()
    at: str | None = None
    extra: Sequence[str] = ()
    timezone: str | None = None
    as_is: bool = False


def ask_of(inputs: Sequence[Input], options: Options, settings: Settings) -> Ask:
    """Returns what is asked.

    Raises:
        BadName: something that does not exist; the text says what does.
    """
    zone = zone_named(zone_of(inputs, options, settings))
    cut = _cut(options)
    live = isinstance(cut, Window)
    kpis = [name for name, kpi in KPIS.items() if live or kpi.kind != windows.LIVE]
    ask = Ask(
        inputs=tuple(inputs),
        settings=settings,
        zone=zone.name,
        cut=cut,
        segments=tuple(map(names.parse, split(options.segment) or [names.SITE])),
        kpis=tuple(split(options.kpi) or kpis),
        extra=tuple(split(options.extra)),
        at_ms=None if options.at is None else millis(moment(options.at, zone)),
        as_is=options.as_is,
    )
    for name in ask.extra:
        if name not in history.EXTRA:
            raise BadName(f"with {name!r}: there are {', '.join(history.EXTRA)}")
    ask.check()
    return ask


def zone_of(inputs: Iterable[Input], options: Options, settings: Settings) -> str:
    """Returns whose days they are: as asked, else as configured, else the format's, else UTC."""
    own = next((i.source.zone for i in inputs if i.source.zone), None)
    return options.timezone or settings.timezone or own or settings.fold.timezone


def split(texts: Iterable[str]) -> list[str]:
    """Returns a list's values, each once."""
    values = [value.strip() for text in texts for value in text.split(",")]
    return list(dict.fromkeys(value for value in values if value))


def zone_named(name: str) -> Zone:
    """Returns a time zone.

    Raises:
        BadName: there is none of this name.
    """
    if complaint := unknown_zone(name):
        raise BadName(f"timezone {name!r}: {complaint}")
    return Zone(name)


def moment(text: str, zone: Zone) -> dt.datetime:
    """Returns an instant: ISO 8601; without an offset it is local, a date is its midnight.

    Raises:
        BadName: it is not a time.
    """
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        raise BadName(f"{text!r} is not a time such as 2026-11-24T10:15:00Z") from None
    return (found if found.tzinfo else found.replace(tzinfo=zone.info)).astimezone(dt.UTC)


def _cut(options: Options) -> By | Window:
    if options.window is None:
        return history.parse_by(options.by or "day")
    if options.by is not None:
        raise BadName("either --by, all buckets, or --window, one reading")
    return windows.parse(options.window)
