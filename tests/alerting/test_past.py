"""What earlier weeks were like: fetched ahead, remembered, honest about what nobody knows."""

import datetime as dt
from collections.abc import Iterable, Sequence

import pytest

from alerting import past as module
from alerting.core.rules import Rule
from alerting.past import Past
from streams.core.buckets import DAY, QUARTER, QUARTER_MS, Retention, Zone
from streams.core.events import millis
from streams.core.policy import ReadingPolicy
from streams.core.tally import SHIFT, Cell
from streams.store import StoreAway

PARIS = Zone("Europe/Paris")
SAV = "queue:sav"
NOW = dt.datetime(2026, 11, 25, 10, 7, tzinfo=PARIS.info)
WEEK = dt.timedelta(weeks=1)
MINUTE = dt.timedelta(minutes=1)


def offered(n: int) -> Cell:
    """Returns a cell with so many contacts offered."""
    return Cell(n << SHIFT["offered"], {})


class Cells:
    """A store with so many contacts in each quarter hour, from a day on."""

    def __init__(self, first: dt.date, n: int = 3) -> None:
        self.first, self.n = first.toordinal(), n
        self.away = False
        self.asked: list[tuple[int, list[int], list[str]]] = []

    async def history(
        self,
        sources: Iterable[str],
        resolution: int,
        buckets: Sequence[int],
        segments: Sequence[str],
    ) -> dict[tuple[int, str], Cell]:
        """Returns cells."""
        if self.away:
            raise StoreAway("away")
        assert list(sources) == ["calls-0"]
        self.asked.append((resolution, list(buckets), list(segments)))
        assert len(buckets) * len(segments) <= module.PIECE
        day = (lambda b: b) if resolution == DAY else PARIS.day_of_quarter
        return {(b, s): offered(self.n) for b in buckets for s in segments if day(b) >= self.first}


class View:
    """A board with two queues."""

    def __init__(self, now: dt.datetime = NOW) -> None:
        self.now_ms = millis(now)

    def segments(self, pattern: str) -> list[str]:
        """Returns the queues."""
        return [SAV, "queue:ventes"] if pattern == "queue:*" else [pattern]


def past(store: Cells, retention: Retention | None = None) -> Past:
    """Returns the past of one source."""
    return Past(store, ["calls-0"], retention or Retention(), PARIS, ReadingPolicy())


def silence(**more: object) -> Rule:
    """Returns a rule that looks back for two weeks over windows of 30 minutes at most."""
    return Rule.model_validate(
        {
            "id": "quiet",
            "title": {"en": "-", "fr": "-"},
            "owner": "floor",
            "runbook": "https://example.org/",
            "action_plan": {"template": "x", "responsible": "floor"},
            "metric": "offered",
            "silence": {"weeks": 2},
            "guard": {"windows": ["10m", "30m"]},
            "levels": {"critical": {}},
            **more,
        }
    )


async def test_what_is_not_known_is_fetched_and_then_known() -> None:
    """A tick does not wait: it is told that nobody knows."""
    store = Cells(dt.date(2026, 1, 1))
    mine, at = past(store), millis(NOW - WEEK)
    assert mine.history(SAV, "offered", at) is None

    await mine.fill(millis(NOW))
    assert mine.history(SAV, "offered", at) == 3
    assert mine.history(SAV, "offered", at - at % QUARTER_MS) == 3

    asked = len(store.asked)
    await mine.fill(millis(NOW))
    assert len(store.asked) == asked


async def test_what_rules_will_ask_for_is_fetched_ahead() -> None:
    """For every segment that they select, up to the next quarter hour."""
    store = Cells(dt.date(2026, 1, 1))
    mine = past(store)
    mine.ahead([silence(), silence(id="off", enabled=False)], View())
    await mine.fill(millis(NOW))
    asked = len(store.asked)

    for later in range(0, 8, 2):  # up to 10:15, where another quarter hour begins
        now = NOW + later * MINUTE
        for back in (0, 30):
            for weeks in (1, 2):
                at = millis(now - back * MINUTE - weeks * WEEK)
                assert mine.history(SAV, "offered", at) == 3
                assert mine.history("queue:ventes", "offered", at) == 3
    mine.ahead([silence()], View())
    await mine.fill(millis(NOW))
    assert len(store.asked) == asked


async def test_weeks_are_counted_by_the_walls_clock() -> None:
    """In the week in which clocks change, too."""
    monday = dt.datetime(2026, 10, 26, 9, 7, tzinfo=PARIS.info)
    store = Cells(dt.date(2026, 1, 1))
    mine = past(store)
    mine.ahead([silence()], View(monday))
    await mine.fill(millis(monday))

    summer = dt.datetime(2026, 10, 19, 9, 7, tzinfo=PARIS.info)
    assert mine.history(SAV, "offered", millis(summer)) == 3


async def test_a_quiet_quarter_hour_is_zero_and_one_before_the_beginning_is_unknown() -> None:
    """Else every day of a new queue would look like a rush."""
    begins = (NOW - 2 * WEEK).date()
    store = Cells(begins, n=0)
    mine = past(store)
    known, first_day, before = (NOW - WEEK, NOW - 2 * WEEK, NOW - 3 * WEEK)
    for at in (known, first_day, before):
        mine.history(SAV, "offered", millis(at))
    await mine.fill(millis(NOW))

    assert mine.history(SAV, "offered", millis(known)) == 0
    assert mine.history(SAV, "offered", millis(first_day)) is None
    assert mine.history(SAV, "offered", millis(before)) is None
    assert {b for r, (b, *_), _ in store.asked if r == QUARTER} == {millis(known) // QUARTER_MS}


async def test_what_is_no_longer_kept_is_unknown() -> None:
    """An absent cell is no zero."""
    mine = past(Cells(dt.date(2026, 1, 1)), Retention(quarter_ms=8 * 86_400_000))
    mine.history(SAV, "offered", millis(NOW - WEEK))
    mine.history(SAV, "offered", millis(NOW - 2 * WEEK))
    await mine.fill(millis(NOW))

    assert mine.history(SAV, "offered", millis(NOW - WEEK)) == 3
    assert mine.history(SAV, "offered", millis(NOW - 2 * WEEK)) is None


async def test_redis_away_loses_nothing_that_is_wanted() -> None:
    """The next attempt gets it."""
    store = Cells(dt.date(2026, 1, 1))
    mine, at = past(store), millis(NOW - WEEK)
    mine.history(SAV, "offered", at)
    store.away = True
    with pytest.raises(StoreAway):
        await mine.fill(millis(NOW))
    store.away = False
    await mine.fill(millis(NOW))

    assert mine.history(SAV, "offered", at) == 3


async def test_memory_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies furthest back goes first."""
    monkeypatch.setattr(module, "MOST", 2)
    mine = past(Cells(dt.date(2026, 1, 1)))
    for n in (1, 2, 3):
        mine.history(SAV, "offered", millis(NOW - n * WEEK))
    await mine.fill(millis(NOW))

    found = [mine.history(SAV, "offered", millis(NOW - n * WEEK)) for n in (1, 2, 3)]
    assert found == [3, 3, None]
