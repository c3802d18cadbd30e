"""The past of agents' time: what is read from stored cells equals what one ledger says.

Random worlds of agents lie in two sources; the truth is one ledger that saw all of their events.
"""

import asyncio
import datetime as dt
import random
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from api import stored
from streams.core.buckets import DAY_MS, QUARTER_MS
from streams.core.changes import Visible
from streams.core.windows import Span, parse
from tests.api.agents_past import KPIS, SEGMENTS, Api, Truth, by_of, halves, settings_of
from tests.core.agents_worlds import World, make, world, worlds
from tests.core.test_agents_keeping import ZONE, day_ms, plan

FINE = tuple(s for s in SEGMENTS if not s.startswith("agent"))
BYS = [("day", SEGMENTS), ("interval", SEGMENTS), ("15m", FINE), ("7m", FINE)]
CLOSED = [("interval", SEGMENTS), ("2h", SEGMENTS), ("today", SEGMENTS), ("30m", FINE)]
PIECES = st.sampled_from([1, 30, 5_000])


def api_at(w: World, now_ms: int) -> Api:
    """Returns an API that has all of a world, and whose `now` is an instant."""
    api = Api(settings_of(w.zone))
    for half in halves(w):
        api.tell(api.fold(half))
    api.board.step(now_ms)
    return api


async def check_rows(
    api: Api, truth: Truth, by: str, names: Sequence[str], ends: tuple[int, int]
) -> int:
    """Compares rows; returns how many there are."""
    from_ms, to_ms = ends
    found, held_from = await api.rows(by, names, from_ms, to_ms)
    if held_from is not None:
        from_ms = int(dt.datetime.fromisoformat(held_from).timestamp() * 1000)
    assert found == truth.rows(by_of(by), names, from_ms, to_ms)
    return len(found)


async def check_readings(api: Api, truth: Truth, windows: Iterable[str]) -> int:
    """Compares windows that end now or are dates; returns how many have data."""
    count = 0
    for window in windows:
        for reading in await api.read(SEGMENTS, window, None):
            told = truth.board.read(reading.segment, reading.kpi, window)
            if not told.value:  # who never heard of agents says none, others 0
                assert not reading.value
                continue
            assert (reading.value, reading.n) == (told.value, told.n), reading
            count += reading.value is not None
    return count


async def check_closed(api: Api, truth: Truth, at_ms: int) -> int:
    """Compares windows that had closed at an instant; returns how many have data."""
    count = 0
    for window, names in CLOSED:
        end_ms = parse(window).span(at_ms, truth.zone).end_ms(truth.zone)
        if end_ms > truth.now_ms:
            continue
        for reading in await api.read(names, window, end_ms - 1):
            told = truth.reading(reading.segment, reading.kpi, window, end_ms - 1)
            if told.value or reading.value:  # who never heard of agents says none, others 0
                # what came late is a matter of each source's own time
                assert msgspec.structs.replace(reading, revised=told.revised) == told
            count += reading.value is not None
    return count


def dates(truth: Truth) -> list[str]:
    """Returns the windows of the last days."""
    moments = (truth.zone.local(truth.now_ms - i * DAY_MS) for i in range(5))
    return [f"day:{moment.date()}" for moment in moments]


@settings(max_examples=30, deadline=None, phases=[Phase.generate])
@given(worlds(), st.randoms(use_true_random=False), PIECES)
def test_the_past_is_what_one_ledger_says(w: World, r: random.Random, piece: int) -> None:
    """By day, quarter hour and minutes, in windows now and then, however it is read."""
    truth = Truth(settings_of(w.zone), w.arrivals, r.choice(w.nows))
    _check(w, truth, r, piece)


def _check(w: World, truth: Truth, r: random.Random, piece: int) -> int:
    """Compares much; returns how much there was."""
    now_ms = truth.now_ms
    api = api_at(w, now_ms)

    async def check() -> int:
        count = 0
        for by, names in BYS:
            reach_ms = 4 * DAY_MS if len(names) == len(SEGMENTS) else QUARTER_MS * 6
            ends = sorted(now_ms - r.randrange(-reach_ms // 8, reach_ms) for _ in range(2))
            ends[0] -= ends[0] % 1000
            ends[1] += 60_000 - ends[1] % 1000
            count += await check_rows(api, truth, by, names, (ends[0], ends[1]))
        count += await check_readings(api, truth, ["3d", "4d", *dates(truth)])
        return count + await check_closed(api, truth, now_ms - r.randrange(55 * 60_000))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stored, "PIECE", piece)
        return asyncio.run(check())


def test_big_worlds_have_a_past() -> None:
    """The same in three days of three agents, at every `now`: there is much to compare."""
    count = 0
    for seed in range(3):
        w, r = world(seed), random.Random(seed)
        for now_ms in w.nows:
            count += _check(w, Truth(settings_of(w.zone), w.arrivals, now_ms), r, 500)
    assert count > 1000


@settings(max_examples=20, deadline=None, phases=[Phase.generate])
@given(worlds())
def test_a_store_that_is_ahead_of_the_board_is_told_as_of_its_own_time(w: World) -> None:
    """Windows that run end where the furthest source is, with all that it says."""
    early, late = halves(w)
    api = Api(settings_of(w.zone))
    api.tell(api.fold(early))
    api.board.step(api.edge_ms)
    api.fold(late)
    assume(api.edge_ms)  # plans alone make no time
    truth = Truth(settings_of(w.zone), w.arrivals, max(api.board.now_ms, api.edge_ms))

    async def check() -> None:
        begin_ms = truth.now_ms - 3 * DAY_MS
        for by in ("day", "interval"):
            await check_rows(api, truth, by, SEGMENTS, (begin_ms, truth.now_ms + 1000))
        if truth.zone.day_of(api.board.now_ms) == truth.zone.day_of(truth.now_ms):
            await check_readings(api, truth, ["4d"])

    asyncio.run(check())


class Meanwhile(Api):
    """Something is committed between two questions."""

    def until(self, questions: int, events: Sequence[bytes]) -> None:
        """Lets events be folded after so many questions for a source's past."""
        ask, left = self.store.past, [questions]

        async def past(
            source: str, spans: Iterable[Span], segments: Sequence[str], *, tails: bool
        ) -> Visible | None:
            left[0] -= 1
            if left[0] == -1:
                self.fold(events)
            return await ask(source, spans, segments, tails=tails)

        self.store.past = past  # type: ignore[method-assign]


@pytest.mark.parametrize("questions", [2, 3, 5, 8, 20])
def test_what_comes_between_two_pieces_leaves_each_as_right_as_it_was(questions: int) -> None:
    """Every row is that of before or that of after: nobody is there twice, or never."""
    changed = 0
    for seed in range(8):
        w = make(random.Random(seed), agents=1)  # then a row is of one source
        early, late = w.arrivals[:-12], w.arrivals[-12:]
        now_ms = w.newest
        api = Meanwhile(settings_of(w.zone))
        api.tell(api.fold(early))
        api.board.step(now_ms)
        api.until(questions, late)
        truths = [Truth(settings_of(w.zone), events, now_ms) for events in (early, w.arrivals)]
        begin_ms = now_ms - 3 * DAY_MS
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(stored, "PIECE", 20 * len(SEGMENTS))
            found, _ = asyncio.run(api.rows("interval", SEGMENTS, begin_ms, now_ms + 1000))
        before, after = (
            _by_place(truth.rows(by_of("interval"), SEGMENTS, begin_ms, now_ms + 1000))
            for truth in truths
        )
        for place, row in _by_place(found).items():
            assert row in (before.get(place), after.get(place))
            changed += row != after.get(place)
    assert changed


def _by_place(rows: Iterable[list[Any]]) -> dict[tuple[Any, Any], list[Any]]:
    return {(row[0], row[1]): row for row in rows}


def test_the_worlds_have_what_is_compared() -> None:
    """Every KPI has data somewhere."""
    w = world(1)
    truth = Truth(settings_of(w.zone), w.arrivals, w.nows[-1])
    rows = truth.rows(by_of("day"), SEGMENTS, 0, w.nows[-1] + 1)

    assert all(any(row[2 + 2 * i] for row in rows) for i in range(len(KPIS)))


def test_what_is_planned_is_listed_though_nobody_said_anything() -> None:
    """Nothing is stored of the team of a plan that has begun in silence, and no row is missing."""
    api = Api(settings_of(ZONE))
    api.tell(api.fold([plan("a1", 0, (day_ms(0, "08:00"), day_ms(0, "12:00"), True))]))
    api.board.step(day_ms(0, "10:00"))

    async def listed(segment: str) -> list[str]:
        rows, _ = await api.rows("day", [segment], day_ms(-1), day_ms(0, "10:00"))
        readings = await api.read([segment], "today", None)
        assert [row[1] for row in rows] == [*dict.fromkeys(r.segment for r in readings)]
        return [row[1] for row in rows]

    assert asyncio.run(listed("team:*")) == ["team:north"]
    assert asyncio.run(listed("team:north/agent:*")) == ["agent:a1"]
    api.board.step(day_ms(-1, "10:00"))
    assert asyncio.run(listed("queue:*")) == []
