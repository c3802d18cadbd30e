"""The bank's KPIs straight from the file, slowly: shares no code with `streams`.

What `pouls report` must give for a month, computed from the columns by the definitions: each fact
counts on the local day, or quarter hour, of its own time.
"""

import csv
import datetime as dt
import zoneinfo
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache

ZONE = zoneinfo.ZoneInfo("Asia/Jerusalem")
UTC = dt.UTC
NEVER = "0:00:00"
Bucket = Callable[[dt.datetime], str]


@dataclass
class Sums:
    """What is known of one bucket of one segment."""

    offered: int = 0
    waits: list[int] = field(default_factory=list)
    """Of the answered, in seconds."""
    lost: list[int] = field(default_factory=list)
    """Waits of the abandoned."""
    talks: list[int] = field(default_factory=list)

    def kpis(self) -> dict[str, int | float | None]:
        """Returns the KPIs; ratios and means by one exact division."""
        within = sum(w <= 20 for w in self.waits)
        ends = len(self.waits) + len(self.lost)
        return {
            "offered": self.offered,
            "answered": len(self.waits),
            "answered_within": within,
            "abandoned": len(self.lost),
            "short_abandoned": sum(w <= 5 for w in self.lost),
            "flowed_out": 0,
            "transferred": 0,
            "handled": len(self.talks),
            "abandonment_rate": over(len(self.lost), ends),
            "answer_rate": over(len(self.waits), ends),
            "service_level": over(within, ends),
            "wait_mean": over(sum(self.waits), len(self.waits)),
            "wait_abandoned_mean": over(sum(self.lost), len(self.lost)),
            "handle_time_mean": over(sum(self.talks), len(self.talks)),
            "talk_time_mean": over(sum(self.talks), len(self.talks)),
            "hold_time_mean": over(0, len(self.talks)),
            "wrap_time_mean": over(0, len(self.talks)),
        }

    def percentiles(self) -> dict[str, int | None]:
        """Returns the nearest-rank percentiles, exact."""
        return {"wait_p90": nearest_rank(self.waits), "handle_time_p90": nearest_rank(self.talks)}


def over(part: int, whole: int) -> float | None:
    """Returns the quotient nearest to the exact one, `None` over nothing."""
    return float(Fraction(part, whole)) if whole else None


def nearest_rank(values: list[int]) -> int | None:
    """Returns the 90th percentile."""
    return sorted(values)[-(-len(values) * 9 // 10) - 1] if values else None


def by_day(moment: dt.datetime) -> str:
    """Returns the local date of an instant."""
    return moment.astimezone(ZONE).date().isoformat()


def by_quarter(moment: dt.datetime) -> str:
    """Returns the start of the local quarter hour of an instant."""
    local = moment.astimezone(ZONE)
    return local.replace(minute=local.minute // 15 * 15, second=0).isoformat()


def kpis(lines: Iterable[str], bucket: Bucket) -> dict[tuple[str, str], Sums]:
    """Returns the sums by (start, segment) for site, queues and agents."""
    out: dict[tuple[str, str], Sums] = defaultdict(Sums)
    for row in csv.DictReader(lines, delimiter="\t"):
        if row["outcome"] == "PHANTOM":
            continue
        queue = f"queue:{row['type']}"
        waits, times = int(row["q_time"]), moments(row)
        start, end = times["start"], times["end"]
        if row["outcome"] == "HANG":
            if start is not None:
                for segment in ("site", "channel:voice", queue):
                    out[bucket(start), segment].offered += 1
                    out[bucket(start + dt.timedelta(seconds=waits)), segment].lost.append(waits)
            continue
        answer = times["answer"]
        assert answer is not None
        assert end is not None
        for segment in ("site", "channel:voice", queue):
            out[bucket(answer if start is None else min(start, answer)), segment].offered += 1
        for segment in ("site", "channel:voice", queue, f"agent:{row['server']}"):
            out[bucket(answer), segment].waits.append(waits)
            out[bucket(end), segment].talks.append(int(row["ser_time"]))
    return out


def moments(row: dict[str, str]) -> dict[str, dt.datetime | None]:
    """Returns when a call entered the queue, was answered and ended, each `None` if it was not."""
    date = dt.date(1900 + int(row["date"][:2]), int(row["date"][2:4]), int(row["date"][4:]))
    entry = wall(date, row["vru_entry"], 0)
    menu_over = nearest(entry, row["vru_exit"])
    start = None if row["q_start"] == NEVER else nearest(menu_over, row["q_start"])
    if row["outcome"] != "AGENT":
        return {"start": start, "answer": None, "end": None}
    if row["ser_start"] == row["ser_exit"] == NEVER and row["ser_time"] == "0":
        waited = dt.timedelta(seconds=int(row["q_time"]))
        answer = menu_over if start is None else start + waited
    else:
        answer = nearest(menu_over if start is None else start, row["ser_start"])
    return {
        "start": start,
        "answer": answer,
        "end": answer + dt.timedelta(seconds=int(row["ser_time"])),
    }


@cache
def wall(date: dt.date, clock: str, fold: int) -> dt.datetime:
    """Returns the instant at which the clock on the wall shows this on that date."""
    hours, minutes, seconds = map(int, clock.split(":"))
    local = dt.datetime.combine(date, dt.time(hours, minutes, seconds, fold=fold), ZONE)
    return local.astimezone(UTC)


def nearest(before: dt.datetime, clock: str) -> dt.datetime:
    """Returns the instant nearest to another at which the clock on the wall shows this."""
    today = before.astimezone(ZONE).date()
    around = [today + dt.timedelta(days=n) for n in (-1, 0, 1)]
    candidates = [wall(date, clock, fold) for date in around for fold in (0, 1)]
    return min(candidates, key=lambda moment: abs(moment - before))
