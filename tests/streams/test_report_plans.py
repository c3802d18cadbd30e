"""Plans in a report: they are read with its time zone, and do not move its now."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.buckets import iso
from streams.core.events import AHEAD_MS
from streams.inputs import named
from streams.report import Known, Report, report
from streams.report_options import Options, ask_of
from streams.settings import load_settings
from streams.sorting import Sortable, in_order, sortable

HOUR = 3_600_000
T0 = 1_795_500_000_000
HEADER = "agent,date,start,end,activity\n"


def event(kind: str, at_ms: int, **data: object) -> bytes:
    """Returns an event."""
    said = {"type": kind, "id": f"{kind}{at_ms}", "source": "s", "subject": "a"}
    return json.dumps({**said, "time": iso(at_ms), "data": data}).encode()


def plan(at_ms: int) -> bytes:
    """Returns a plan that is said at a time."""
    return event("agent.schedule", at_ms, revision=1, date="2026-11-24", activities=[])


def queued(at_ms: int) -> bytes:
    """Returns something that happens, and has the word in it."""
    return event("contact.queued", at_ms, queue="schedule")


def sorted_or_not(values: list[bytes], *, as_is: bool) -> Iterator[Sortable]:
    """Yields events as a report reads them."""
    events = (sortable(line, value) for line, value in enumerate(values, 1))
    return events if as_is else in_order(events)


def reported(*inputs: str, **options: Any) -> Report:
    """Returns the report of some files."""
    settings = load_settings({}, Path("pouls.toml"))
    asked = Options(timezone="Europe/Paris", **options)
    ask = ask_of(named(None, None, inputs), asked, settings)
    return report(ask, lambda *what: pytest.fail(str(what)))


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """A week's plans, and a call of its first day."""
    csv, events = tmp_path / "plan.csv", tmp_path / "calls.jsonl"
    rows = (f"anne,2025-11-{day},09:00,17:00,work\n" for day in range(24, 29))
    csv.write_text(HEADER + "".join(rows))
    at_ms = 1_763_978_400_000  # 2025-11-24T10:00:00Z
    events.write_bytes(b"\n".join([queued(at_ms), event("contact.ended", at_ms + HOUR)]))
    return f"schedule-csv:{csv}", f"events:{events}"


@pytest.mark.parametrize("options", [{"by": "day"}, {"window": "30m"}, {"window": "today"}])
def test_plans_do_not_move_now(files: tuple[str, str], options: dict[str, Any]) -> None:
    """Without `--at` it is when something happened last."""
    assert iso(reported(*files, **options).at_ms) == "2025-11-24T11:00:00Z"
    asked = {**options, "kpi": ["offered"]}
    assert reported(*files, **asked).table == reported(files[1], **asked).table


def test_of_nothing_but_plans_the_last_one_is_now(files: tuple[str, str]) -> None:
    """Something has to be: midnight in the zone that is asked for."""
    assert iso(reported(files[0]).at_ms) == "2025-11-27T23:00:00Z"


def test_now_may_be_asked_for(files: tuple[str, str]) -> None:
    """Plans that were said until then are in it."""
    found = reported(*files, at="2025-11-26T12:00:00Z")
    assert iso(found.at_ms) == "2025-11-26T12:00:00Z"


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=12), st.booleans())
def test_plans_wait_for_what_happens(marks: list[tuple[int, bool]], as_is: bool) -> None:
    """What was said until now is let through, each once, and not before its time."""
    values = [plan(T0 + ms) if is_plan else queued(T0 + ms) for ms, is_plan in marks]
    happened = [T0 + ms for ms, is_plan in marks if not is_plan]
    known = Known(T0 + HOUR)
    found = list[bytes]()
    for at_ms, _, _, _, _, value in known.events(sorted_or_not(values, as_is=as_is)):
        assert at_ms <= known.at_ms
        found.append(value)
    assert known.at_ms == max(happened or [T0 + ms for ms, _ in marks], default=0)
    assert sorted(found) == sorted(v for v in values if sortable(0, v)[0] <= known.at_ms)


def test_what_nothing_accepts_does_not_move_now() -> None:
    """It is let through, to be refused: of the future, of long ago, no event at all."""
    values = [queued(T0 + AHEAD_MS + 1), plan(T0 + AHEAD_MS + 1), queued(1000), plan(1000), b"{"]
    known = Known(T0 + AHEAD_MS)
    assert {event[-1] for event in known.events(sorted_or_not(values, as_is=False))} == {*values}
    assert known.at_ms == 0


def test_a_report_has_no_lateness_but_of_plans_by_their_own_time(tmp_path: Path) -> None:
    """However far the file had come; and whether or not it is sorted first."""
    begin, day = 1_763_978_400_000, 24 * HOUR  # 2025-11-24T10:00:00Z
    said = [
        event("agent.state", begin + 12 * day, state="offline"),
        shift(begin, said_ms=begin + 7 * day),
        shift(begin + day, said_ms=begin + 10 * day),
    ]
    events = tmp_path / "agents.jsonl"
    events.write_bytes(b"\n".join(said))
    for as_is in (False, True):
        asked = {"window": "30d", "kpi": ["scheduled_time"], "as_is": as_is}
        found = reported(f"events:{events}", **asked)
        assert [reading.value for reading in found.readings] == [HOUR / 1000]
        assert found.counts["late"] == 1


def shift(begin_ms: int, said_ms: int) -> bytes:
    """Returns a plan of an hour."""
    hour = {"start": iso(begin_ms), "end": iso(begin_ms + HOUR), "activity": "work"}
    return event("agent.schedule", said_ms, revision=1, activities=[hour])
