"""Amounts and durations as people write them in rule files: 8%, 120s, 1h30m, 25.

One amount knows what it is an amount of, so `8s` as the limit of a share is a mistake that is told
before anything runs.
"""

import re
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import BeforeValidator, InstanceOf, WithJsonSchema

Measure = Literal["ratio", "seconds", "number"]
_UNITS: Final = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}
_LONGEST_MS: Final = 3_660 * _UNITS["d"]
_DURATION: Final = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|[dhms]))+", re.ASCII)
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|[dhms])", re.ASCII)
_PERCENT: Final = re.compile(r"([+-]?\d+(?:\.\d+)?)\s?%", re.ASCII)


class Amount(NamedTuple):
    """A number with what it counts."""

    value: float
    """A share as 0..1, a duration in seconds."""
    of: Measure


def parse_ms(text: object) -> int:
    """Returns a duration in ms.

    Raises:
        ValueError: it is none; the text says what one looks like.
    """
    if not isinstance(text, str) or not _DURATION.fullmatch(text):
        raise ValueError(f"{text!r} is no duration such as 30s, 2m or 1h30m")
    total = sum(float(n) * _UNITS[unit] for n, unit in _PART.findall(text))
    if total > _LONGEST_MS:
        raise ValueError(f"{text[:20]!r} is longer than ten years")
    return round(total)


def parse_amount(value: object) -> Amount:
    """Returns an amount.

    Raises:
        ValueError: it is none; the text says what one looks like.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return Amount(float(value), "number")
    if isinstance(value, str):
        if percent := _PERCENT.fullmatch(value):
            return Amount(float(percent[1]) / 100, "ratio")
        if _DURATION.fullmatch(value):
            return Amount(parse_ms(value) / 1000, "seconds")
    raise ValueError(f"{value!r} is no amount such as 8%, 120s or 25")


def parse_share(value: object) -> float:
    """Returns a share between 0 and 1, ends left out, written in percent or as it is.

    Raises:
        ValueError: it is none.
    """
    amount = parse_amount(value)
    if amount.of == "seconds" or not 0 < amount.value < 1:
        raise ValueError(f"{value!r} is no share between 0% and 100%")
    return amount.value


def _schema(*patterns: str, number: bool = False) -> WithJsonSchema:
    texts: list[dict[str, Any]] = [{"type": "string", "pattern": f"^{p}$"} for p in patterns]
    kinds = [*texts, *([{"type": "number"}] if number else [])]
    return WithJsonSchema(kinds[0] if len(kinds) == 1 else {"anyOf": kinds})


_DURATION_SCHEMA: Final = r"([0-9]+(\.[0-9]+)?(ms|[dhms]))+"
_PERCENT_SCHEMA: Final = r"[+-]?[0-9]+(\.[0-9]+)? ?%"
Ms = Annotated[int, BeforeValidator(parse_ms), _schema(_DURATION_SCHEMA)]
"""A duration, in ms."""
Limit = Annotated[
    InstanceOf[Amount],
    BeforeValidator(parse_amount),
    _schema(_PERCENT_SCHEMA, _DURATION_SCHEMA, number=True),
]
"""An amount that something is compared with."""
Part = Annotated[float, BeforeValidator(parse_share), _schema(_PERCENT_SCHEMA, number=True)]
"""A share between 0 and 1."""
