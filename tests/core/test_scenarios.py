"""The scenarios of `tests/golden/fold`: sentences of `docs/counting.md`, told with contacts."""

import datetime as dt
import json
import re
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.core.buckets import EVERYTHING
from streams.core.changes import IN_PROGRESS, Visible
from streams.core.ledger import Ledger
from streams.core.policy import FoldPolicy
from streams.core.tally import lanes

FOLDER = Path(__file__).parent.parent / "golden" / "fold"
SCENARIOS = [
    pytest.param(scenario, id=f"{path.stem}: {scenario['says']}")
    for path in sorted(FOLDER.glob("*.toml"))
    for scenario in tomllib.loads(path.read_text())["scenario"]
]
DAY = dt.datetime(2026, 3, 12, tzinfo=dt.UTC)
NUMBERS = re.compile(r"-?\d+(\.\d+)?")


def moment(text: str) -> dt.datetime:
    """Reads `09:00:00`, `+1d09:00:00` or a whole date and time."""
    if "T" in text:
        return dt.datetime.fromisoformat(text)
    days = re.match(r"\+(\d+)d", text)
    clock = dt.time.fromisoformat(text[days.end() :] if days else text)
    date = DAY.date() + dt.timedelta(days=int(days[1]) if days else 0)
    return dt.datetime.combine(date, clock, dt.UTC)


def millis(text: str) -> int:
    """Returns the instant of a line in ms."""
    return round(moment(text).timestamp() * 1000)


def event(line: str, i: int) -> bytes:
    """Returns the event of a line."""
    time, subject, kind, *fields = line.split()
    data: dict[str, Any] = {}
    for name, _, value in (f.partition("=") for f in fields):
        data[name] = float(value) if NUMBERS.fullmatch(value) and name.endswith("_s") else value
    body = {
        "type": f"contact.{kind}", "id": data.pop("id", f"e{i}"), "source": data.pop("source", "s"),
        "time": moment(time).isoformat(), "subject": subject, "data": data,
    }  # fmt: skip
    return json.dumps(body, ensure_ascii=False).encode()


def booked(everything: Visible, segment: str) -> dict[int, dict[str, int]]:
    """Returns the cells of a segment by the start of their bucket."""
    res, unit = (1, 900_000) if "agent:" in segment else (0, 10_000)
    return {b * unit: lanes(c.sums) for (b, s), c in everything.cells[res].items() if s == segment}


def expected(text: str) -> dict[str, dict[int, dict[str, int]]]:
    """Reads the cells of a scenario."""
    out: dict[str, dict[int, dict[str, int]]] = defaultdict(dict)
    for line in filter(None, text.splitlines()):
        first, second, *measures = line.split()
        if second == "nothing":
            out[first] = {}
        elif measures != ["nothing"]:
            pairs = (m.split("=") for m in measures)
            out[second][millis(first)] = {name: int(value) for name, value in pairs}
    return out


def shown(everything: Visible, segment: str) -> list[tuple[str, int, int, int]]:
    """Returns what is published of a segment's open contacts."""
    return sorted(
        ("in_progress" if k.kind == IN_PROGRESS else "waiting", k.since_s, k.expiry_s, n)
        for k, n in everything.live.get(segment, {}).items()
    )


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_fold_does_what_the_design_says(scenario: dict[str, Any]) -> None:
    """A sentence of the rules holds, event by event and all at once."""
    settings = {"retention": msgspec.to_builtins(EVERYTHING), **scenario.get("policy", {})}
    policy = msgspec.convert(settings, FoldPolicy)
    appended = millis(scenario["appended"]) if "appended" in scenario else 1 << 60
    lines = [line for line in scenario["events"].splitlines() if line]
    events = [event(line, i) for i, line in enumerate(lines)]
    for step in (1, len(events)):
        ledger, refused = Ledger(policy, "voice"), 0
        for i in range(0, len(events), step):
            refused += len(ledger.apply_all(events[i : i + step], appended))
            ledger.take_changes()
        everything = ledger.everything()

        assert refused == scenario.get("refused", 0)
        for segment, cells in expected(scenario.get("cells", "")).items():
            assert cells == booked(everything, segment), segment
        for line in filter(None, scenario.get("live", "").splitlines()):
            segment, kind, *numbers = line.split()
            since_expiry_n = (
                [(kind, millis(numbers[0]) // 1000, millis(numbers[1]) // 1000, int(numbers[2]))]
                if numbers
                else []
            )
            assert since_expiry_n == shown(everything, segment), segment
        for name, n in scenario.get("counts", {}).items():
            assert n == ledger.counts[name], name
