"""The report's fold: the same whatever the order of the file, and no more in memory than needed."""

import json
import random
import tempfile
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams import report as report_module
from streams.core.ledger import Ledger
from streams.inputs import Input
from streams.report import Report, report
from streams.report_options import Options, ask_of
from streams.settings import load_settings
from streams.sources import BY_NAME
from tests.core.worlds import HOUR, T0, iso, world

SETTINGS = load_settings({}, Path("pouls.toml"))
SEEDS = st.integers(0, 1 << 32)


def reported(values: list[bytes], options: Options) -> Report:
    """Returns the report of some events."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"".join(value + b"\n" for value in values))
        file.flush()
        ask = ask_of([Input(BY_NAME["events"], file.name)], options, SETTINGS)
        return report(ask, lambda *_: pytest.fail("refused"))


@given(SEEDS, st.sampled_from(["day", "interval", "5m"]))
def test_the_order_of_the_file_changes_nothing(seed: int, by: str) -> None:
    """Sorted or as it is, shuffled, in small chunks, everything twice: the same rows."""
    values = [value for _, value in world(seed)[1]]
    shuffled = random.Random(seed).sample(values, len(values))
    segment = ["site,channel:*,queue:*"] + ["agent:*"] * (by != "5m")
    options = Options(by=by, segment=segment, timezone="Europe/Paris")
    as_is = Options(by=by, segment=segment, timezone="Europe/Paris", as_is=True)
    rows = reported(values, options).table.rows
    with patch.object(report_module, "CHUNK", 3):
        assert rows == reported(shuffled, as_is).table.rows
        assert rows == reported(shuffled, options).table.rows
    assert rows == reported(shuffled + values, options).table.rows
    assert rows == reported(shuffled, as_is).table.rows


@given(SEEDS, st.sampled_from(["5m", "60m", "interval", "3h", "today", "2d", "live"]))
@example(5479, "5m")  # a queue that a fact names which another one replaces
def test_a_reading_does_not_depend_on_what_is_kept(seed: int, window: str) -> None:
    """A sorted file keeps two hours of 10 s buckets, one as it is all of them."""
    span, records = world(seed)
    at = iso(T0 + random.Random(seed).randrange(span))
    values = [value for _, value in records]
    kpi = ["waiting,wait_longest,in_progress"] + ["offered,wait_p90"] * (window != "live")
    options = Options(window=window, at=at, kpi=kpi, segment=["site,queue:*"])
    as_is = Options(window=window, at=at, kpi=kpi, segment=["site,queue:*"], as_is=True)
    assert reported(values, options).table == reported(values, as_is).table


@given(SEEDS)
def test_intervals_add_up_to_days(seed: int) -> None:
    """Whatever the resolution that is kept, the counts are the same."""
    values = [value for _, value in world(seed)[1]]
    kpi = ["offered,answered,abandoned,flowed_out,handled,transferred"]
    totals = []
    for by in ("day", "interval", "5m", "40s"):
        table = reported(values, Options(by=by, kpi=kpi)).table
        totals.append([sum(column) for column in zip(*(r[2:] for r in table.rows), strict=True)])
    assert all(total == totals[0] for total in totals)


def test_contacts_are_let_go_when_their_horizon_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """A year takes no more memory for contacts than two days."""
    held: list[int] = []

    class Watched(Ledger):
        """Says how many contacts it holds."""

        def take_changes(self) -> object:  # type: ignore[override]
            changes = super().take_changes()
            held.append(len(self._contacts) + len(self._keeping.cold))
            return changes

    monkeypatch.setattr(report_module, "Ledger", Watched)
    monkeypatch.setattr(report_module, "CHUNK", 10)
    values = [
        json.dumps(
            {
                "type": f"contact.{kind}", "id": f"{n}{kind}", "source": "s", "subject": f"c{n}",
                "time": iso(T0 - 400 * 24 * HOUR + n * HOUR + late), "data": {"queue": "a"},
            }
        ).encode()
        for n in range(300 * 24)
        for late, kind in ((0, "queued"), (20_000, "answered"), (60_000, "ended"))
    ]  # fmt: skip
    rows = reported(values, Options(kpi=["handled"])).table.rows
    assert sum(row[2] for row in rows) == 300 * 24  # type: ignore[misc]
    assert max(held) < 4 * 24
