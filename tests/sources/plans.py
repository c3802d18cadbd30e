"""Plans as somebody would write them down, and what is read of a file."""

import datetime as dt
import json
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from streams.core.events import Schedule, decode
from streams.sources import BY_NAME, Run

NOON = int(dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC).timestamp() * 1000)
"""A Tuesday: when the runs of the tests begin."""
PARIS = Run("Europe/Paris", NOON)
HEADER = "agent,date,start,end,activity,productive,tracked,revision\n"


def read(form: str, text: str | bytes, run: Run = PARIS) -> tuple[list[dict[str, Any]], list[str]]:
    """Returns the events of a file, which all are accepted, and LINE: REASON of what is refused."""
    refused: list[str] = []
    raw = text.encode() if isinstance(text, str) else text
    lines = raw.splitlines(keepends=True)
    found = list(BY_NAME[form].read(lines, run, lambda n, why: refused.append(f"{n}: {why}")))
    assert all(isinstance(decode(event), Schedule) for _, event in found)
    assert all(1 <= n <= len(lines) for n, _ in found)
    return [json.loads(event) for _, event in found], refused


def told(event: dict[str, Any]) -> str:
    """Returns what an event says, in a line: times in UTC, without the date where it is the plan's.

    A trailing `-` stands for not productive, `?` for not tracked.
    """
    data = event["data"]

    def short(time: str) -> str:
        day, _, clock = time.partition("T")
        return clock[:5] if day == data["date"] else f"{day[5:]} {clock[:5]}"

    parts = [
        f"{short(a['start'])}–{short(a['end'])} {a['activity']}"
        + "-" * (not a["productive"])
        + "?" * (not a["tracked"])
        for a in data["activities"]
    ]
    return f"{event['subject']} {data['date']} r{data['revision']}: " + (", ".join(parts) or "off")


@st.composite
def days(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Returns the activities of a day, one after the other, with gaps; times in RFC 3339."""
    cuts = sorted(draw(st.sets(st.integers(0, 40 * 3600), min_size=0, max_size=12)))
    midnight = dt.datetime(2026, 10, 25, tzinfo=dt.UTC)  # the clock is put back in Paris
    return [
        {
            "start": (midnight + dt.timedelta(seconds=start)).isoformat().replace("+00:00", "Z"),
            "end": (midnight + dt.timedelta(seconds=end)).isoformat().replace("+00:00", "Z"),
            "activity": draw(st.sampled_from(["work", 'lunch "break"', "réunion, équipe", "0"])),
            "productive": draw(st.booleans()),
            "tracked": draw(st.booleans()),
        }
        for start, end in pairwise(cuts)
        if draw(st.booleans())
    ]
