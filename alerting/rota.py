"""Who is on call: rotas in iCalendar format, as every calendar program writes them.

Theory of operation. A VEVENT is a shift: who attends it, else who its SUMMARY names, is on call.
What repeats, and its exceptions by RECURRENCE-ID or EXDATE, is expanded in blocks of four weeks,
each once, into steps: from when on who is on call. While a shift of the second file, of overrides,
takes place, only those on it are. Several shifts at once: all of them are, in the order in which
the files name them.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from streams.core.buckets import DAY_MS, HOUR_MS, Zone
from streams.core.calendars import Calendar, union
from streams.ical import Series

CHECKED_MS: Final = 90 * DAY_MS
"""So far ahead a rota is expanded when it is loaded, and looked through for gaps."""
BLOCK_MS: Final = 28 * DAY_MS
BLOCKS_AHEAD: Final = 14
"""So far ahead the next change is looked for: more than a year."""
BLOCKS_REMEMBERED: Final = 100
GAPS_TOLD: Final = 5

People = tuple[str, ...]
"""Ids of people.csv."""
Span = tuple[int, int]


class Shift(NamedTuple):
    """Somebody is on call."""

    start_ms: int
    end_ms: int
    line: int
    """Where it stands in its file."""
    people: People


class Step(NamedTuple):
    """Who is on call from a moment on."""

    start_ms: int
    people: People


class Rota:
    """Who is on call when."""

    def __init__(
        self, shifts: Iterable[Series[People]], overrides: Iterable[Series[People]] = ()
    ) -> None:
        self._shifts, self._overrides = tuple(shifts), tuple(overrides)
        self._blocks: dict[int, list[Step]] = {}
        everything = [item for s in (*self._shifts, *self._overrides) for item in s.items]
        self.people = frozenset(p for i in everything if not i.cancelled for p in i.what)
        """Everybody who is ever on call."""

    def on_call(self, at_ms: int) -> People:
        """Returns who is on call at an instant, nobody twice; a shift's end is outside it.

        Raises:
            LineRefused: a series cannot be expanded; `load_rota` tries it for `CHECKED_MS`.
        """
        steps = self._block(at_ms // BLOCK_MS)
        return steps[bisect_right(steps, at_ms, key=_start) - 1].people

    def next_change(self, at_ms: int) -> int | None:
        """Returns when somebody else, or nobody, is on call; `None`: not within a year."""
        people, block = self.on_call(at_ms), at_ms // BLOCK_MS
        for step in self._steps(block, block + BLOCKS_AHEAD):
            if step.start_ms > at_ms and step.people != people:
                return step.start_ms
        return None

    def gaps(self, from_ms: int, to_ms: int, calendar: Calendar) -> list[Span]:
        """Returns when it is open and nobody is on call: sorted, apart, not empty."""
        steps = list(self._steps(from_ms // BLOCK_MS, to_ms // BLOCK_MS))
        ends = [*(step.start_ms for step in steps[1:]), to_ms]
        empty = [(step.start_ms, end) for step, end in zip(steps, ends, strict=True)
                 if not step.people]  # fmt: skip
        opened = calendar.open_spans(from_ms, to_ms)
        return list(union((max(a, c), min(b, d)) for a, b in empty for c, d in opened))

    def _steps(self, first: int, last: int) -> Iterator[Step]:
        for block in range(first, last + 1):
            yield from self._block(block)

    def _block(self, block: int) -> list[Step]:
        steps = self._blocks.get(block)
        if steps is None:
            if len(self._blocks) > BLOCKS_REMEMBERED:
                self._blocks.clear()
            steps = self._blocks[block] = self._expanded(block * BLOCK_MS)
        return steps

    def _expanded(self, begin_ms: int) -> list[Step]:
        shifts, overrides = (
            list(_shifts(series, begin_ms, begin_ms + BLOCK_MS))
            for series in (self._shifts, self._overrides)
        )
        edges = {ms for shift in (*shifts, *overrides) for ms in shift[:2]}
        inside = sorted(ms for ms in edges if begin_ms < ms < begin_ms + BLOCK_MS)
        return [Step(ms, _on(overrides, ms) or _on(shifts, ms)) for ms in (begin_ms, *inside)]


def _shifts(found: Iterable[Series[People]], begin_ms: int, end_ms: int) -> Iterator[Shift]:
    for series in found:
        for item, start_ms, stop_ms, cancelled in series.between(begin_ms, end_ms):
            if not cancelled and start_ms < end_ms and stop_ms > begin_ms:
                yield Shift(start_ms, stop_ms, item.line, item.what)


def _on(shifts: Iterable[Shift], ms: int) -> People:
    on = sorted((s for s in shifts if s.start_ms <= ms < s.end_ms), key=_line)
    return tuple(dict.fromkeys(person for shift in on for person in shift.people))


def _line(shift: Shift) -> int:
    return shift.line


def _start(step: Step) -> int:
    return step.start_ms


# -- in words


def who_is_on_call(rotas: Mapping[str, Rota], at_ms: int, zone: Zone) -> list[str]:
    """Returns a line for each rota: who is on call at an instant, until when, and who is next."""
    return [f"{name}: {_told(rota, at_ms, zone)}" for name, rota in rotas.items()]


def gaps_told(rota: Rota, calendar: Calendar, from_ms: int) -> list[str]:
    """Returns a line for each time in `CHECKED_MS` at which it is open and nobody is on call.

    Of many the first `GAPS_TOLD`, and how many more there are.
    """
    zone = Zone(calendar.hours.zone)
    gaps = rota.gaps(from_ms, from_ms + CHECKED_MS, calendar)
    told = [
        f"nobody is on call from {local(start, zone)} to {local(end, zone)}"
        for start, end in gaps[:GAPS_TOLD]
    ]
    more = len(gaps) - len(told)
    hours = sum(end - start for start, end in gaps[GAPS_TOLD:]) / HOUR_MS
    return [*told, f"and {more} times more, {hours:.0f} hours together"] if more else told


def local(ms: int, zone: Zone) -> str:
    """Returns a local date and time with its offset: on one night of the year it is needed."""
    return zone.local(ms).isoformat(" ", "minutes")


def _told(rota: Rota, at_ms: int, zone: Zone) -> str:
    change = rota.next_change(at_ms)
    until = "" if change is None else f" until {local(change, zone)}"
    then = "" if change is None else f", then {_names(rota.on_call(change))}"
    return f"{_names(rota.on_call(at_ms))}{until}{then}"


def _names(people: People) -> str:
    return " and ".join(people) or "nobody"
