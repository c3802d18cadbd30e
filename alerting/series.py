"""What a scenario shows: the points of a series, in a notation like promtool's.

1/25x30 9/30x20     part/whole x ticks
20+10x12            20, 30, 40, ...: twelve ticks
4m@35               a mean or a percentile of 35 contacts
nobody stale _      nobody waits; the last value, getting older; no data
"""

import re
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Final, NamedTuple

from streams.core import names, windows
from streams.core.catalogue import Kpi
from streams.core.kpis import find

SWITCHES: Final[Mapping[str, tuple[str, str]]] = {
    "feed": ("ok", "stale"),
    "calendar": ("open", "closed"),
    "evaluator": ("up", "down"),
}
"""Series that are no KPI's: the word for yes and the one for no."""
_TIMES: Final = re.compile(r"(.+?)(?:x([1-9]\d*))?", re.ASCII)
_NUMBER: Final = r"(\d+(?:\.\d+)?)(%|ms|s|m|h)?"
_VALUE: Final = re.compile(rf"{_NUMBER}(?:([+-]){_NUMBER})?(?:@(\d+))?", re.ASCII)
_SHARE: Final = re.compile(r"(\d+)/(\d+)", re.ASCII)
_SCALE: Final = {"%": 0.01, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, None: 1.0}
MOST_TICKS: Final = 100_000


class Point(NamedTuple):
    """What a reading shows at one tick."""

    value: float | None = None
    n: int = 0
    part: int | None = None
    whole: int | None = None
    heard: bool = True
    """False where there is no data at all."""
    stale: bool = False


class Series(NamedTuple):
    """What a KPI of a segment shows, tick by tick."""

    kpi: Kpi
    segment: str
    window: str | None
    """`None` = every window."""
    points: tuple[Point, ...]


def what(name: str) -> tuple[Kpi, str, str | None]:
    """Returns KPI, segment and window of `abandonment_rate queue:sav 30m`."""
    kpi, *rest = name.split()
    least, most = 1, 2
    if not least <= len(rest) <= most:
        raise ValueError(f"{name!r} is no KPI with a segment, nor one of {', '.join(SWITCHES)}")
    window = windows.parse(rest[1]).name if len(rest) == most else None
    return find(kpi), names.parse(rest[0]), window


def numbers(text: str) -> tuple[float, ...]:
    """Returns numbers apart by spaces."""
    return tuple(map(float, text.split()))


def switch(name: str, points: str) -> tuple[bool, ...]:
    """Returns the points of a series of two words."""
    yes, no = SWITCHES[name]
    found: list[bool] = []
    for word, times in _tokens(points):
        if word not in (yes, no):
            raise ValueError(f"{word!r}: {name} is {yes} or {no}")
        found += [word == yes] * times
    return tuple(found)


def one(name: str, text: str) -> Series:
    """Returns the series of a KPI."""
    kpi, segment, window = what(name)
    points: list[Point] = []
    for word, times in _tokens(text):
        if word == "stale":
            last = points[-1] if points else Point(heard=False)
            points += [last._replace(stale=True)] * times
        else:
            points += _points(kpi, word, times)
    return Series(kpi, segment, window, tuple(points))


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    """Yields words, and how often each comes."""
    words = text.split()
    if not words:
        raise ValueError("shows nothing")
    total = 0
    for word in words:
        matched = _TIMES.fullmatch(word)
        assert matched is not None
        times = int(matched[2] or 1)
        total += times
        if total > MOST_TICKS:
            raise ValueError(f"shows more than {MOST_TICKS} ticks")
        yield matched[1], times


def _points(kpi: Kpi, word: str, times: int) -> list[Point]:
    """Returns the points of one word."""
    if word == "_":
        return [Point(heard=False)] * times
    if word == "nobody":
        return [Point()] * times
    if share := _SHARE.fullmatch(word):
        return [_share(kpi, int(share[1]), int(share[2]))] * times
    value = _VALUE.fullmatch(word)
    if value is None:
        raise ValueError(f"{word!r} is no point: 9/30, 20, 20+10, 4m@35, nobody, stale, _")
    start, unit, sign, step, step_unit, n = value.groups()
    begin = float(start) * _SCALE[unit]
    by = float(step) * _SCALE[step_unit] * (-1 if sign == "-" else 1) if step else 0.0
    return [_point(kpi, x, n) for x in accumulate([by] * (times - 1), initial=begin)]


def _share(kpi: Kpi, part: int, whole: int) -> Point:
    """Returns a share."""
    if kpi.part_unit is None:
        raise ValueError(f"{kpi.id} is no share")
    if part > whole:
        raise ValueError(f"{part}/{whole}: the part is greater than the whole")
    return Point(part / whole if whole else None, whole, part, whole)


def _point(kpi: Kpi, value: float, n: str | None) -> Point:
    """Returns one value; what is a sample is one of so many contacts."""
    if n is None and kpi.sampled:
        like = "9/30" if kpi.unit == "ratio" else f"{value:g}@35"
        raise ValueError(f"{kpi.id} is nothing without how many: {like}")
    if kpi.part_unit is not None:
        whole = int(n or 0)
        return Point(value, whole, round(value * whole), whole)
    count = max(1, round(value)) if kpi.kind == "live" else round(value)
    return Point(value, count if n is None else int(n))
