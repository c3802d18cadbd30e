"""Public holidays, computed: no table that ends, and nothing to install.

Only what is the same every year or follows from Easter; other days are listed by date in
`pouls.toml`.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

NONE: Final = "none"


def easter(year: int) -> dt.date:
    """Returns Easter Sunday, by the Gregorian computus.

    Meeus, Astronomical Algorithms (1991), chapter 8, after Butcher (1876); no exceptions.
    """
    century, of_century = divmod(year, 100)
    leaps, rest = divmod(century, 4)
    correction = (century - (century + 8) // 25 + 1) // 3
    golden = year % 19
    epact = (19 * golden + century - leaps - correction + 15) % 30
    weekday = (32 + 2 * rest + 2 * (of_century // 4) - epact - of_century % 4) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return dt.date(year, month, day + 1)


def _france(year: int) -> set[dt.date]:
    """Code du travail, article L3133-1."""
    fixed = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
    moving = (1, 39, 50)  # Easter Monday, Ascension, Whit Monday
    return {dt.date(year, *day) for day in fixed} | _after_easter(year, moving)


def _alsace_moselle(year: int) -> set[dt.date]:
    """Code du travail, article L3134-13: Good Friday and the second day of Christmas, too."""
    return _france(year) | _after_easter(year, (-2,)) | {dt.date(year, 12, 26)}


def _after_easter(year: int, days: tuple[int, ...]) -> set[dt.date]:
    return {easter(year) + dt.timedelta(days=n) for n in days}


HOLIDAYS: Final[Mapping[str, Callable[[int], set[dt.date]]]] = {
    "FR": _france,
    "FR-alsace-moselle": _alsace_moselle,
    NONE: lambda _: set(),
}
"""The holidays of a year, by the name that `pouls.toml` gives them."""


@lru_cache(maxsize=1024)
def holidays(name: str, year: int) -> frozenset[int]:
    """Returns the holidays of a year, as ordinals of dates.

    Args:
        name: one of `HOLIDAYS`.
        year: of the Gregorian calendar.
    """
    return frozenset(day.toordinal() for day in HOLIDAYS[name](year))
