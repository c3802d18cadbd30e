"""The bank's calls: each trap by itself, made-up months and a real one against slow sums."""

import csv
import gzip
import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from streams.core.events import RANK, decode
from streams.core.numbers import number
from streams.inputs import Input
from streams.report import report
from streams.report_options import Options, ask_of
from streams.settings import load_settings
from streams.sources import BY_NAME, LineRefused, anonymous_bank
from tests.sources import slow_bank
from tests.sources.rows import COLUMNS, Row, months, text
from tests.sources.slow_bank import Bucket, Sums

SOURCE = BY_NAME["anonymous-bank"]
ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("POULS_SHARED_DATA", ROOT.parent / "shared" / "data"))
JANUARY = DATA / "anonymous_bank" / "january_1999.tsv.gz"
PUBLISHED = DATA / "anonymous_bank" / "january_1999_daily_published.csv"
real = pytest.mark.skipif(
    not JANUARY.exists(), reason=f"{JANUARY} is not here: its terms do not let us ship it"
)
Reported = dict[tuple[str, str], dict[str, Any]]

VALUES = (
    "AA0101 33118 27997683 2 PS 990101 6:55:20 6:55:26 6 6:55:26 6:55:43 17 AGENT 6:55:43 6:56:37 "
    "54 MICHAL"
)
CALL: Row = dict(zip(COLUMNS, VALUES.split(), strict=True))


def events_of(*rows: Row) -> list[dict[str, Any]]:
    """Returns the events of some calls."""
    convert = anonymous_bank.converter()
    lines = text(rows).encode().splitlines(keepends=True)
    return [json.loads(event) for line in lines for event in convert(line)]


def times_of(row: Row) -> dict[str, str]:
    """Returns when what happened, by type."""
    return {e["type"].removeprefix("contact."): e["time"] for e in events_of(row)}


def refusal_of(**changes: str) -> str:
    """Returns why a call is refused."""
    with pytest.raises(LineRefused) as caught:
        events_of(CALL | changes)
    return str(caught.value)


# -- one call


def test_a_call_is_created_queued_answered_and_ended() -> None:
    """With the contact's id from date, line and call, and the file's own durations."""
    created, queued, answered, ended = events_of(CALL)
    assert created == {
        "type": "contact.created",
        "specversion": "1.0",
        "id": "990101-AA0101-33118-created",
        "source": "anonymous-bank",
        "time": "1999-01-01T04:55:20Z",
        "subject": "990101-AA0101-33118",
        "data": {
            "channel": "voice",
            "direction": "inbound",
            "queue": "PS",
            "priority": "high",
            "customer": "27997683",
        },
    }
    assert queued["time"], queued["data"] == ("1999-01-01T04:55:26Z", {"queue": "PS"})
    assert answered["time"] == "1999-01-01T04:55:43Z"
    assert answered["data"] == {"queue": "PS", "agent": "MICHAL", "wait_s": 17}
    assert ended["time"], ended["data"] == ("1999-01-01T04:56:37Z", {"talk_s": 54})


def test_type_stands_first_in_the_json() -> None:
    """An event is decoded faster then."""
    assert [next(iter(event)) for event in events_of(CALL)] == ["type"] * 4


def test_only_priority_2_is_high_and_customer_0_is_nobody() -> None:
    """Both stand for callers whom the bank did not recognise."""
    data = events_of(CALL | {"priority": "1", "customer_id": "0"})[0]["data"]
    assert data["priority"] == "normal"
    assert "customer" not in data


def test_who_hangs_up_in_the_queue_abandons_at_the_queues_exit() -> None:
    """With the file's wait."""
    *_, queued, abandoned = events_of(CALL | {"outcome": "HANG"})
    assert queued["type"] == "contact.queued"
    assert abandoned["time"] == "1999-01-01T04:55:43Z"
    assert abandoned["data"] == {"phase": "queue", "wait_s": 17}


def test_who_hangs_up_before_any_queue_left_in_the_menu() -> None:
    """Which is no queue abandonment."""
    row = CALL | {"outcome": "HANG", "q_start": "0:00:00", "q_exit": "0:00:00", "q_time": "0"}
    created, abandoned = events_of(row)
    assert created["type"] == "contact.created"
    assert (abandoned["time"], abandoned["data"]) == ("1999-01-01T04:55:26Z", {"phase": "ivr"})


def test_phantom_calls_are_none() -> None:
    """The file says so itself."""
    assert events_of(CALL | {"outcome": "PHANTOM"}) == []


def test_who_was_never_queued_is_answered_without_an_entry() -> None:
    """The answer opens one at its own time, with the wait that the file states."""
    row = CALL | {"q_start": "0:00:00", "q_exit": "0:00:00", "q_time": "0"}
    assert list(times_of(row)) == ["created", "answered", "ended"]
    assert events_of(row)[1]["data"]["wait_s"] == 0


def test_service_may_start_before_the_queue_ends() -> None:
    """Real disorder; a lifecycle that insists on order would drop it."""
    times = times_of(CALL | {"ser_start": "6:55:41"})
    assert times["answered"] == "1999-01-01T04:55:41Z"


def test_who_is_served_before_the_queue_began_is_queued_when_served() -> None:
    """Queued at the earlier of both."""
    times = times_of(CALL | {"ser_start": "6:55:25"})
    assert times["queued"] == times["answered"] == "1999-01-01T04:55:25Z"


def test_a_service_without_times_is_at_the_queues_exit() -> None:
    """42 rows of January: all three are zero."""
    row = CALL | {"ser_start": "0:00:00", "ser_exit": "0:00:00", "ser_time": "0"}
    times = times_of(row)
    assert times["answered"] == times["ended"] == "1999-01-01T04:55:43Z"


def test_a_service_without_times_and_queue_is_at_the_menus_exit() -> None:
    """There is no other time."""
    row = CALL | dict.fromkeys(("q_start", "q_exit", "ser_start", "ser_exit"), "0:00:00")
    times = times_of(row | {"q_time": "0", "ser_time": "0"})
    assert times["answered"] == times["ended"] == "1999-01-01T04:55:26Z"


def test_a_service_may_start_at_midnight() -> None:
    """0:00:00 is a time where the service lasted."""
    row = CALL | {"vru_entry": "23:59:00", "vru_exit": "23:59:06", "q_start": "23:59:06"}
    row |= {"q_exit": "0:00:00", "q_time": "54", "ser_start": "0:00:00", "ser_exit": "0:00:54"}
    times = times_of(row)
    assert times["queued"] == "1999-01-01T21:59:06Z"
    assert times["answered"] == "1999-01-01T22:00:00Z"
    assert times["ended"] == "1999-01-01T22:00:54Z"


def test_the_menu_may_end_before_it_began() -> None:
    """33 rows of January, with a negative vru_time."""
    row = CALL | {"vru_entry": "0:00:05", "vru_exit": "23:59:58", "vru_time": "-7"}
    times = times_of(row | {"q_start": "23:59:58", "ser_start": "0:00:15"})
    assert times["created"] == "1998-12-31T22:00:05Z"
    assert times["queued"] == "1998-12-31T21:59:58Z"
    assert times["answered"] == "1998-12-31T22:00:15Z"


def test_the_longest_service_ends_on_the_day_after() -> None:
    """The file's durations are right where its times of day are not."""
    times = times_of(CALL | {"ser_exit": "23:59:40", "ser_time": "61437"})
    assert times["ended"] == "1999-01-01T21:59:40Z"


def test_when_the_clock_is_put_back_times_are_near_each_other() -> None:
    """On 1999-09-03 it was 1:30 twice: the second time is after 1:55, not before it."""
    row = CALL | {"date": "990903", "vru_entry": "1:55:00", "vru_exit": "1:55:10"}
    row |= {"q_start": "1:05:00", "q_time": "600", "q_exit": "1:15:00", "ser_start": "1:15:00"}
    times = times_of(row)
    assert times["created"] == "1999-09-02T22:55:00Z"
    assert times["queued"] == "1999-09-02T23:05:00Z"
    assert times["answered"] == "1999-09-02T23:15:00Z"


def test_when_the_clock_is_put_forward_what_lasts_is_added_as_it_passed() -> None:
    """On 1999-04-02 there was no 2:30: 600 s after 1:55 it was 3:05."""
    row = CALL | {"date": "990402", "vru_entry": "1:54:00", "vru_exit": "1:54:10"}
    row |= {"outcome": "HANG", "q_start": "1:55:00", "q_time": "600", "q_exit": "3:05:00"}
    assert times_of(row)["abandoned"] == "1999-04-02T00:05:00Z"


def test_a_negative_duration_does_not_move_time_back() -> None:
    """It is sent as stated: the fold drops and counts it."""
    answered, ended = events_of(CALL | {"ser_time": "-5"})[-2:]
    assert ended["time"] == answered["time"]
    assert ended["data"] == {"talk_s": -5}


# -- what is refused


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"outcome": "GONE"}, "outcome: 'GONE' is none of AGENT, HANG, PHANTOM"),
        ({"date": "991301"}, "date: '991301' is no date YYMMDD"),
        ({"date": "1999-01-01"}, "date: '1999-01-01' is no date YYMMDD"),
        ({"vru_entry": "25:00:00"}, "vru_entry: '25:00:00' is no time of day"),
        ({"q_start": ""}, "q_start: '' is no time of day"),
        ({"q_time": "x"}, "q_time: 'x' is no number of seconds"),
        ({"ser_time": ""}, "ser_time: '' is no number of seconds"),
        ({"type": "", "outcome": "HANG"}, "type: is empty"),
    ],
)
def test_a_field_that_cannot_be_read_refuses_the_line(changes: dict[str, str], reason: str) -> None:
    """With the field's name and what stands in it."""
    assert refusal_of(**changes) == reason


def test_a_short_line_is_refused() -> None:
    """And only that line."""
    convert = anonymous_bank.converter()
    header, line = text([CALL]).encode().splitlines()
    assert [*convert(header)] == []
    with pytest.raises(LineRefused, match="line: 16 values under 17 columns"):
        convert(line.rpartition(b"\t")[0])
    assert len([*convert(line)]) == 4


def test_a_file_without_the_columns_is_refused_line_by_line() -> None:
    """Another file was meant."""
    convert = anonymous_bank.converter()
    assert [*convert(b"date\tvru_line\n")] == []
    with pytest.raises(LineRefused, match="header: does not name the columns call_id, customer_id"):
        convert(b"990101\tAA0101\n")


def test_columns_are_found_by_their_names() -> None:
    """Another month may have more of them, in another order."""
    convert = anonymous_bank.converter()
    header, line = text([CALL]).encode().splitlines()
    swapped = [b"\t".join([b"extra", *reversed(cells.split(b"\t"))]) for cells in (header, line)]
    assert [*convert(swapped[0])] == []
    assert [json.loads(event) for event in convert(swapped[1])] == events_of(CALL)


# -- months


def reported(path: Path, by: str) -> Reported:
    """Returns what `pouls report` says, by start and segment."""
    asked = Options(by=by, segment=["site,channel:voice,queue:*,agent:*"])
    settings = load_settings({}, Path(os.devnull))
    refused: list[str] = []
    found = report(
        ask_of([Input(SOURCE, str(path))], asked, settings), lambda *what: refused.append(str(what))
    )
    assert not refused
    assert not {k for k, n in found.counts.items() if n} - {"disorder", "lost"}
    columns, rows = found.table
    return {(str(row[0]), str(row[1])): dict(zip(columns, row, strict=True)) for row in rows}


def compare(found: Reported, slow: dict[tuple[str, str], Sums]) -> None:
    """Counts and means are equal as they are written, percentiles within 1 %.

    A bucket in which calls only began, or were left in the menu, has a row of zeros.
    """
    assert slow.keys() <= found.keys()
    for key, row in found.items():
        sums = slow.get(key, Sums())
        for kpi, value in sums.kpis().items():
            assert number(row[kpi]) == number(value), (key, kpi)
        for kpi, exact in sums.percentiles().items():
            within = exact if exact is None else pytest.approx(exact, rel=0.01)
            assert row[kpi] == within, (key, kpi)


def slowly(lines: Iterable[str], bucket: Bucket) -> dict[tuple[str, str], Sums]:
    """Returns the sums straight from the file."""
    return dict(slow_bank.kpis(lines, bucket))


@given(months())
def test_what_is_made_of_a_line_is_an_event(calls: list[Row]) -> None:
    """Whatever stands in it, every event decodes, and its contact is the call."""
    convert = anonymous_bank.converter()
    lines = text(calls).encode().splitlines(keepends=True)
    decoded = [decode(event) for line in lines for event in convert(line)]
    assert {e.subject for e in decoded} == {
        f"{c['date']}-{c['vru_line']}-{c['call_id']}" for c in calls if c["outcome"] != "PHANTOM"
    }
    assert len({e.id for e in decoded}) == len(decoded)


@given(months())
def test_any_month_equals_the_slow_sums(calls: list[Row]) -> None:
    """Midnights, nights when the clock is changed, zero times, any order of lines."""
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
        file.write(text(calls))
        file.flush()
        for by, bucket in (("day", slow_bank.by_day), ("interval", slow_bank.by_quarter)):
            compare(reported(Path(file.name), by), slowly(text(calls).splitlines(), bucket))


@real
@pytest.mark.parametrize(
    ("by", "bucket"), [("day", slow_bank.by_day), ("interval", slow_bank.by_quarter)]
)
def test_january_1999_equals_the_slow_sums(by: str, bucket: Bucket) -> None:
    """Every day and quarter hour of the site, its channel, each queue and each agent."""
    with gzip.open(JANUARY, "rt") as lines:
        slow = slowly(lines, bucket)
    compare(reported(JANUARY, by), slow)
    assert by != "day" or sum(segment == "site" for _, segment in slow) == 29


@real
def test_january_1999_has_the_totals_that_are_known() -> None:
    """Those of the data's own page: ASA and all."""
    days = [row for (_, segment), row in reported(JANUARY, "day").items() if segment == "site"]

    def total(kpi: str) -> int:
        return sum(int(day[kpi]) for day in days)

    def mean(kpi: str, n: str) -> float:
        return sum(float(day[kpi] or 0) * int(day[n]) for day in days) / total(n)

    assert (total("offered"), total("answered"), total("abandoned")) == (30_161, 27_060, 3_101)
    assert round(mean("wait_mean", "answered"), 3) == 35.028
    assert round(mean("wait_abandoned_mean", "abandoned"), 3) == 60.724
    assert round(mean("handle_time_mean", "handled"), 3) == 183.452
    assert round(100 * total("answered_within") / total("offered"), 3) == 54.381


@real
def test_the_published_number_of_hang_ups_is_that_of_our_events() -> None:
    """Somebody else counted them, by the day on which the call began."""
    convert = anonymous_bank.converter()
    with gzip.open(JANUARY) as lines:
        decoded = [decode(event) for line in lines for event in convert(line)]
    left = Counter(e.subject[:6] for e in decoded if e.rank == RANK["abandoned"])
    with PUBLISHED.open() as file:
        published = {row["date"]: int(row["hangs"]) for row in csv.DictReader(file)}
    assert {f"19{d[:2]}-{d[2:4]}-{d[4:]}": n for d, n in left.items()} == published
