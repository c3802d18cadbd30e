"""What a back-test says: one sentence, alerts by rule and hour, and each alert."""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median
from typing import Any, Final, NamedTuple

from alerting.backtest import Episode, Outcome
from alerting.core.shapes import Severity
from streams.core.buckets import Zone
from streams.core.calendars import Calendar

HOURS: Final = 24
_MINUTE_MS: Final = 60_000
_COLUMNS: Final = (
    "start", "end", "minutes", "hour", "rule", "segment", "severity", "value", "unit", "n",
    "window", "reopened",
)  # fmt: skip


class Told(NamedTuple):
    """An outcome and what it takes to tell it."""

    outcome: Outcome
    rules: Sequence[str]
    """Ids, in order: also of those that never fired."""
    zone: Zone
    open: Calendar | None
    """Whose hours are the open ones; `None` = nobody says."""

    @property
    def minutes(self) -> float | None:
        """How long alerts lasted, the median in minutes; without those that went on."""
        known = [m for e in self.outcome.episodes if (m := minutes(e)) is not None]
        return median(known) if known else None

    @property
    def inside(self) -> float | None:
        """Which share of them fired in open hours."""
        fired = [episode.start_ms for episode in self.outcome.episodes]
        if self.open is None or not fired:
            return None
        return sum(map(self.open.is_open, fired)) / len(fired)

    @property
    def a_day(self) -> float:
        """Alerts a day on which anything happened."""
        return len(self.outcome.episodes) / max(1, self.outcome.days)

    def hour(self, episode: Episode) -> int:
        """Returns the local hour in which it fired."""
        return self.zone.local(episode.start_ms).hour


def minutes(episode: Episode) -> float | None:
    """Returns how long an alert lasted; `None` = it went on to the end."""
    return None if episode.end_ms is None else (episode.end_ms - episode.start_ms) / _MINUTE_MS


def sentence(told: Told) -> str:
    """Returns the whole in a sentence."""
    outcome = told.outcome
    if not outcome.episodes:
        return f"No alert in {outcome.days} days with events."
    parts = [f"{told.a_day:.1f} alerts a day"]
    if told.minutes is not None:
        parts.append(f"median {told.minutes:.0f} min")
    if told.inside is not None:
        parts.append(f"{told.inside:.0%} inside open hours")
    return f"{', '.join(parts)}; {outcome.days} days with events. Here they are:"


def table(told: Told) -> str:
    """Returns sentence, alerts by rule and hour, and every alert."""
    return "\n".join([sentence(told), "", *by_hour(told), "", *_list(told), ""])


def by_hour(told: Told) -> Iterable[str]:
    """Yields a Markdown table: alerts by rule and local hour, then a day, critical, minutes."""
    head = [f"{hour}" for hour in range(HOURS)]
    yield "| rule | a day | critical | median min | " + " | ".join(head) + " |"
    yield "|---|--:|--:|--:|" + "--:|" * HOURS
    episodes = told.outcome.episodes
    for rule in told.rules:
        yield _row(told, rule, [e for e in episodes if e.rule == rule])
    if len(told.rules) > 1:
        yield _row(told, "together", episodes)


def _row(told: Told, name: str, episodes: Sequence[Episode]) -> str:
    counts = Counter(told.hour(episode) for episode in episodes)
    lasted = [m for e in episodes if (m := minutes(e)) is not None]
    critical = sum(e.worst is Severity.CRITICAL for e in episodes)
    cells = [
        name,
        f"{len(episodes) / max(1, told.outcome.days):.1f}",
        f"{critical}",
        f"{median(lasted):.0f}" if lasted else "",
        *(str(counts[hour] or "") for hour in range(HOURS)),
    ]
    return f"| {' | '.join(cells)} |"


def _list(told: Told) -> Iterable[str]:
    for episode in told.outcome.episodes:
        lasted = minutes(episode)
        value, n = episode.facts.value, episode.facts.n
        yield (
            f"{told.zone.local(episode.start_ms):%Y-%m-%d %H:%M}  "
            f"{'to the end' if lasted is None else f'{lasted:.0f} min':>10}  "
            f"{episode.worst.name.lower():<8}  {episode.rule}  {episode.segment}  "
            f"{'' if value is None else f'{value:.4g}'}"
            f"{'' if n is None else f' (n={n})'}"
        ).rstrip()


def row(told: Told, episode: Episode) -> dict[str, Any]:
    """Returns an alert as columns."""
    lasted, facts = minutes(episode), episode.facts
    end = None if episode.end_ms is None else told.zone.local(episode.end_ms).isoformat()
    return {
        "start": told.zone.local(episode.start_ms).isoformat(),
        "end": end,
        "minutes": None if lasted is None else round(lasted, 2),
        "hour": told.hour(episode),
        "rule": episode.rule,
        "segment": episode.segment,
        "severity": episode.worst.name.lower(),
        "value": facts.value,
        "unit": facts.unit,
        "n": facts.n,
        "window": facts.window,
        "reopened": episode.reopened,
    }


def as_csv(told: Told) -> str:
    """Returns a row an alert."""
    out = io.StringIO()
    writer = csv.DictWriter(out, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(row(told, episode) for episode in told.outcome.episodes)
    return out.getvalue()


def as_json(told: Told) -> str:
    """Returns everything."""
    episodes = told.outcome.episodes
    hours = {rule: [0] * HOURS for rule in told.rules}
    for episode in episodes:
        hours[episode.rule][told.hour(episode)] += 1
    document = {
        "days": told.outcome.days,
        "events": told.outcome.events,
        "refused": told.outcome.refused,
        "alerts_a_day": round(told.a_day, 3),
        "median_minutes": told.minutes,
        "inside_open_hours": told.inside,
        "by_hour": hours,
        "alerts": [row(told, episode) for episode in episodes],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


OUTPUTS: Final[Mapping[str, Callable[[Told], str]]] = {
    "table": table,
    "csv": as_csv,
    "json": as_json,
}
