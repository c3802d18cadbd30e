"""A board as tests say that it is, and rules in a few words."""

from collections.abc import Mapping
from typing import Any

from alerting.core.rules import Rule
from streams.core.buckets import Zone
from streams.core.kpis import find
from streams.core.names import matches
from streams.core.policy import Formula, Target
from streams.core.reading import Freshness, Reading, make
from streams.core.shapes import Measured

NOW_MS = 1_772_531_100_000  # 2026-03-03 09:45 UTC, a Tuesday
FILLED: Mapping[str, Any] = {
    "id": "rule",
    "title": {"en": "A rule", "fr": "Une règle"},
    "owner": "floor",
    "runbook": "https://example.org/runbook",
    "action_plan": {"template": "none", "responsible": "floor"},
}


def rule(**said: object) -> Rule:
    """Return a rule; what has a Python keyword's name ends with an underscore."""
    return Rule.model_validate({**FILLED, **{name.rstrip("_"): x for name, x in said.items()}})


def level(side: str, raises: object, clears: object, **more: object) -> dict[str, Any]:
    """Return a level."""
    other = "below" if side == "above" else "above"
    return {"raise": {side: raises}, "clear": {other: clears}, **more}


class View:
    """Readings that tests set."""

    def __init__(self, now_ms: int = NOW_MS, *, age_ms: int = 0, rebuilding: bool = False) -> None:
        self.now_ms, self.zone = now_ms, Zone("Europe/Paris")
        self.known: dict[tuple[str, str, str], Reading] = {}
        self.earlier: dict[tuple[str, str], list[float | None]] = {}
        self.feed_ms: dict[str | None, int | None] = {None: age_ms}
        self.fresh = Freshness(now_ms - age_ms, rebuilding)
        self.reads = 0

    def set(
        self,
        segment: str,
        kpi: str,
        window: str,
        *,
        part: int | None = None,
        whole: int | None = None,
        value: float | None = None,
        n: int | None = None,
        target: Target | None = None,
        formula: str | None = None,
        heard: bool = True,
    ) -> None:
        """Set a reading: a share by part and whole, all others by value and n."""
        entry = find(kpi)
        if whole is not None:
            assert part is not None
            value, n = part / whole if whole else None, whole
        self.known[segment, kpi, window] = make(
            segment,
            entry,
            window,
            formula or entry.choose(Formula()),
            Measured(value, n or 0, part, whole),
            target or entry.target,
            self.fresh if heard else Freshness(None, rebuilding=False),
        )

    def read(self, segment: str, kpi: str, window: str) -> Reading:
        """Return a reading, without data where none was set."""
        self.reads += 1
        if (segment, kpi, window) not in self.known:
            self.set(segment, kpi, window, heard=False)
        return self.known[segment, kpi, window]

    def segments(self, pattern: str) -> list[str]:
        """Return the segments of which anything was set."""
        if "*" not in pattern:
            return [pattern]
        return sorted({s for s, _, _ in self.known if matches(pattern, s)})

    def history(self, segment: str, kpi: str, at_ms: int) -> float | None:
        """Return what it was, by weeks before now."""
        weeks = self.earlier.get((segment, kpi), [])
        back = round((self.now_ms - at_ms) / (7 * 24 * 3_600_000))
        return weeks[back - 1] if 1 <= back <= len(weeks) else None

    def age_ms(self, topic: str | None) -> int | None:
        """Return the age of the feed."""
        return self.feed_ms.get(topic)


class Deep(View):
    """One that also tells histograms and who waits too long."""

    def __init__(self, now_ms: int = NOW_MS) -> None:
        super().__init__(now_ms)
        self.hists: dict[tuple[str, str], dict[int, int]] = {}
        self.late: dict[str, int] = {}

    def histogram(self, segment: str, window: str) -> Mapping[int, int]:
        """Return the histograms that were set."""
        return self.hists.get((segment, window), {})

    def beyond(self, segment: str) -> int:
        """Return how many wait too long."""
        return self.late.get(segment, 0)
