"""What a tick of alerts costs: 1,000 queues × 30 rules on one core, pure, as a leader decides it.

Calls are folded as in production; then ticks go on second by second: quiet ones, in which only
`now` moves; busy ones, in which fifty calls come and go; and one that begins with nothing known,
such as that of a new leader. A tick is what `decide` does: rules, machine, who is told, what walls
show; and, apart from it, the board that takes the changes in.

`python -m tests.benchmarks.alerts_tick` prints JSON.
"""

import gc
import json
import statistics
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

from alerting import ruleset
from alerting.core.routes import Routing
from alerting.core.rules import RuleFile
from alerting.core.view import AlertBoard
from alerting.deciding import Parts, decide
from alerting.ruleset import Ruleset
from alerting.service import COLLECT
from alerting.store import Held
from streams.core.buckets import Retention, Zone, iso
from streams.core.ledger import Ledger
from streams.core.policy import FoldPolicy, ReadingPolicy
from streams.settings import load_settings

QUEUES: Final = 1_000
RULES: Final = 30
CALLS_BEFORE: Final = 20
"""Calls of each queue in the half hour before."""
FORGOTTEN: Final = 199
"""Of so many calls one waits for ever: some hundred queues have alerts all the time."""
BUSY: Final = 50
"""Calls that come, and that end, in a busy second."""
TICKS: Final = 60
START_MS: Final = 1_772_532_000_000
"""2026-03-03 10:00 UTC, a Tuesday."""
SOURCE: Final = "calls-0"
AIM_MS: Final = 200


def rules(many: int = RULES) -> RuleFile:
    """Returns so many rules: of each kind as often as a real set has it, all over all queues."""
    kinds: list[Mapping[str, Any]] = [
        {"metric": "abandonment_rate", "levels": levels("12%", "8%", "25%", "18%")},
        {"metric": "wait_longest", "vs": "target", "guard": "none",
         "levels": levels("200%", "50%", "500%", "200%")},
        {"metric": "wait_mean", "levels": levels("60s", "40s", "120s", "80s")},
        {"metric": "wait_p90", "levels": levels("120s", "80s", "240s", "180s")},
        {"metric": "waiting", "guard": "none", "levels": levels(20, 10, 40, 20)},
        {"slo": {"kpi": "service_level", "objective": "80%", "period": "12h"}, "burn": [
            {"budget": "10%", "long": "30m", "short": "5m", "severity": "critical"}]},
        {"metric": "service_level", "projection": {}, "guard": {"min_samples": 20},
         "levels": {"warning": {"raise": {"below": "50%"}, "clear": {"above": "64%"}}}},
        {"metric": "offered", "change": {"weeks": 4}, "guard": {"windows": ["30m"]},
         "levels": {"warning": {"raise": {"above": "80%"}, "clear": {"below": "50%"}}}},
        {"metric": "offered", "silence": {}, "guard": {"windows": ["10m", "30m", "60m"]},
         "levels": {"critical": {}}},
        {"metric": "handle_time_mean", "levels": levels("600s", "500s", "900s", "800s")},
    ]  # fmt: skip
    common = {
        "title": {"en": "{value} in {queue}", "fr": "{value} : {queue}"},
        "owner": "floor",
        "runbook": "https://example.org/",
        "action_plan": {"template": "x", "responsible": "floor"},
    }
    listed = [{"id": f"rule_{i}", **common, **kinds[i % len(kinds)]} for i in range(many)]
    return RuleFile.model_validate({"version": 1, "rules": listed})


def levels(warning: object, calm: object, critical: object, eased: object) -> dict[str, Any]:
    """Returns two levels, above limits."""
    return {
        "warning": {"raise": {"above": warning}, "clear": {"below": calm}},
        "critical": {"raise": {"above": critical}, "clear": {"below": eased}},
    }


class Floor:
    """Queues on which calls come and go, and the board that follows: a view for rules."""

    def __init__(self, queues: int) -> None:
        self.zone = Zone("UTC")
        self._ledger = Ledger(FoldPolicy(segments=(("channel",), ("queue",))), "voice")
        self.board = AlertBoard(self.zone, ReadingPolicy(), [SOURCE], Retention())
        self._queues, self._calls = queues, 0
        board = self.board
        self.read, self.segments, self.moved = board.read, board.segments, board.moved
        self.histogram, self.beyond = board.histogram, board.beyond
        coming = [
            event
            for i in range(queues * CALLS_BEFORE)
            for event in self._call(START_MS - 1_800_000 + 1_800_000 * i // (queues * CALLS_BEFORE))
        ]
        coming.sort()
        assert self._ledger.apply_all([value for _, value in coming], START_MS) == []
        self._ledger.take_changes()
        board.load(SOURCE, self._ledger.everything())
        self._step(START_MS)

    @property
    def now_ms(self) -> int:
        """Board time."""
        return self.board.now_ms

    def history(self, segment: str, kpi: str, at_ms: int) -> float | None:  # noqa: ARG002
        """Returns that ten are usual."""
        return 10.0

    def age_ms(self, topic: str | None) -> int | None:  # noqa: ARG002
        """Returns that the feed is fresh."""
        return 0

    def second(self, now_ms: int, calls: int) -> None:
        """Lets so many calls come and end, and moves on."""
        if calls:
            values = [v for _ in range(calls) for _, v in self._call(now_ms - 120_000)]
            self._ledger.apply_all(values, now_ms)
            self.board.apply(SOURCE, self._ledger.take_changes().visible)
        self._step(now_ms)

    def _step(self, now_ms: int) -> None:
        self.board.mark(SOURCE, now_ms, rebuilding=False)
        self.board.step(now_ms)

    def _call(self, at_ms: int) -> Iterator[tuple[int, bytes]]:
        self._calls += 1
        n, queue = self._calls, f"q{self._calls * 7919 % self._queues:04}"
        lost = n % 29 == 0
        yield at_ms, _event(n, "queued", at_ms, queue=queue)
        if n % FORGOTTEN == 0:
            return
        if lost:
            yield at_ms + 60_000, _event(n, "abandoned", at_ms + 60_000, phase="queue")
            return
        yield at_ms + 15_000, _event(n, "answered", at_ms + 15_000, agent=f"a{n % 3000}")
        yield at_ms + 110_000, _event(n, "ended", at_ms + 110_000)


def _event(n: int, kind: str, at_ms: int, **data: object) -> bytes:
    body = {
        "specversion": "1.0", "id": f"{n}-{kind}", "source": "bench", "type": f"contact.{kind}",
        "time": iso(at_ms), "subject": f"c{n}", "data": data,
    }  # fmt: skip
    return json.dumps(body).encode()


def measure(queues: int = QUEUES, many: int = RULES, ticks: int = TICKS) -> dict[str, Any]:
    """Returns what ticks cost, in ms."""
    floor, file = Floor(queues), rules(many)
    settings = load_settings({"POULS_CONFIG": "/dev/null"})
    own = {rule.id: rule for rule in file.rules}
    parts = ruleset.parts(Ruleset(own, Routing(), {}, (), ()), settings)
    run = _Run(floor, parts)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT)
    first = run.tick(0)
    quiet = [run.tick(0) for _ in range(ticks)]
    busy = [run.tick(BUSY) for _ in range(ticks)]
    return {
        "segments": queues,
        "rules": many,
        "alerts": len(run.held.instances),
        "first_tick_ms": round(first[1]),
        "quiet_tick_ms": _spread([decided for _, decided in quiet]),
        "busy_calls_a_second": BUSY,
        "busy_tick_ms": _spread([decided for _, decided in busy]),
        "busy_board_ms": _spread([board for board, _ in busy]),
        "aim_ms": AIM_MS,
    }


class _Run:
    """A leader's memory, second by second."""

    def __init__(self, floor: Floor, parts: Parts) -> None:
        self._floor, self._parts = floor, parts
        self.held = Held(epoch=1, born_ms=1, noted=True)
        self._shown: Any = None
        self._now_ms = START_MS

    def tick(self, calls: int) -> tuple[float, float]:
        """Makes a tick; returns what the board and what deciding took, in ms."""
        self._now_ms += 1000
        began = time.process_time()
        self._floor.second(self._now_ms, calls)
        moved = time.process_time()
        decided = decide(self._parts, self.held, self._floor, (), self._now_ms, self._shown)
        ended = time.process_time()
        self.held, self._shown = decided.held, decided.shown
        return (moved - began) * 1000, (ended - moved) * 1000


def _spread(values: list[float]) -> dict[str, float]:
    ranked = sorted(values)
    return {
        "median": round(statistics.median(ranked), 1),
        "p95": round(ranked[int(0.95 * (len(ranked) - 1))], 1),
        "worst": round(ranked[-1], 1),
    }


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
