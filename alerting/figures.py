"""Figures, spans, windows and segments in the words of one language. Pure."""

import re
from typing import Final

from alerting.core.shapes import Facts
from alerting.language import Words
from streams.core import names
from streams.core.buckets import Zone

MINUTE_S, HOUR_S = 60, 3600
_LENGTH: Final = re.compile(r"(\d+)([mhd])")
NO_VALUE: Final = "—"


def figure(words: Words, unit: str, value: float | None, currency: str = "") -> str:
    """Returns a value of a KPI: `12,5 %`, `3 min 05 s`, `1 204`; a dash where there is none."""
    if value is None:
        return NO_VALUE
    match unit:
        case "ratio":
            text = words.percent.format(number(words, 100 * value, 1))
        case "seconds":
            text = span(words, value)
        case "per_hour":
            text = words.per_hour.format(number(words, value, 1))
        case "money":
            text = words.money.format(number(words, value, 2), currency=currency)
        case _:
            text = number(words, value, 0 if unit in ("contacts", "agents") else 2)
    return text


def number(words: Words, value: float, places: int) -> str:
    """Returns a number with at most so many places, none of them an idle zero."""
    text = f"{round(value, places) + 0.0:,.{places}f}"
    whole, _, rest = text.partition(".")
    rest = rest.rstrip("0")
    whole = whole.replace(",", words.thousands)
    return f"{whole}{words.decimal}{rest}" if rest else whole


def span(words: Words, seconds: float) -> str:
    """Returns a length of time: `45 s`, `3 min 05 s`, `12 min`, `2 h 30 min`."""
    whole = round(seconds)
    hours, rest = divmod(whole, HOUR_S)
    minutes, left = divmod(rest, MINUTE_S)
    if hours:
        return words.hours.format(h=hours, m=f"{minutes:02}")
    if minutes and left:
        return words.minutes_seconds.format(m=minutes, s=f"{left:02}")
    if minutes:
        return words.minutes.format(m=minutes)
    return words.seconds.format(s=left)


def window(words: Words, name: str) -> str:
    """Returns a window in words: `over 30 min`, `today`, `now`."""
    if name in words.windows:
        return words.windows[name]
    found = _LENGTH.fullmatch(name)
    if not found:
        return name
    n, unit = int(found[1]), found[2]
    if unit == "d":
        return words.over.format(span=words.days.format(n=n))
    return words.over.format(span=span(words, n * (MINUTE_S if unit == "m" else HOUR_S)))


def segment(words: Words, name: str) -> str:
    """Returns a segment in words: `file sav`, `tout le site`."""
    if name == names.SITE:
        return words.site
    parts = _parts(name)
    return ", ".join(f"{words.dimensions.get(d, d)} {_value(words, d, v)}" for d, v in parts)


def places(words: Words, name: str) -> dict[str, str]:
    """Returns the values of a segment by dimension, for the places in titles."""
    return {dimension: _value(words, dimension, value) for dimension, value in _parts(name)}


def measured(words: Words, facts: Facts, name: str, currency: str = "") -> str:
    """Returns value against limit and target: `Attente 3 min 05 s, seuil 2 min, cible 1 min`."""
    texts = [f"{name} {figure(words, facts.unit, facts.value, currency)}"]
    if facts.threshold is not None:
        limit = figure(words, facts.unit, facts.threshold, currency)
        below = facts.clear is not None and facts.clear > facts.threshold
        texts.append((words.limit_below if below else words.limit_above).format(limit=limit))
    if facts.target is not None:
        texts.append(words.target.format(target=figure(words, facts.unit, facts.target, currency)))
    return ", ".join(texts)


def clock(zone: Zone, ms: int) -> str:
    """Returns the local time of day, hours and minutes."""
    return zone.local(ms).strftime("%H:%M")


def _parts(name: str) -> list[tuple[str, str]]:
    found = ((d, names.value_of(name, d)) for d in names.dimensions(name))
    return [(d, " ".join(value.split())) for d, value in found if value]


def _value(words: Words, dimension: str, value: str) -> str:
    return words.channels.get(value, value) if dimension == "channel" else value
