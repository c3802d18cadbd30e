"""The simulation's clock: lives go on when they asked to, or when somebody wakes them."""

from streams.simulator.agenda import breaks
from streams.simulator.engine import FOREVER, Engine, Life, Process
from streams.simulator.floor import Agent
from streams.simulator.plan import CURVES, QUEUES, TEAMS
from streams.simulator.roster import PRESENT, SHIFT_H, starts


class Diary:
    """Lives that write down when they are resumed."""

    def __init__(self) -> None:
        self.engine = Engine(1000)
        self.lines: list[tuple[int, str, Agent | None]] = []

    def life(self, name: str, *until_ms: int) -> Life:
        """Goes on at each of these instants."""
        for at_ms in until_ms:
            agent = yield at_ms
            self.lines.append((self.engine.now_ms, name, agent))

    def run(self, until_ms: int) -> list[tuple[int, str, Agent | None]]:
        """Lets everything happen that is due."""
        while self.engine.step(until_ms):
            pass
        return self.lines


def test_lives_go_on_in_the_order_of_their_instants() -> None:
    """Those of one instant in the order in which they asked."""
    diary = Diary()
    for name, *times in (("a", 1300, 1500), ("b", 1200, 1500), ("c", 1500)):
        diary.engine.start(diary.life(name, *times))

    assert [(t, n) for t, n, _ in diary.run(2000)] == [
        (1200, "b"), (1300, "a"), (1500, "c"), (1500, "b"), (1500, "a")
    ]  # fmt: skip


def test_nothing_happens_at_the_end_or_after_it() -> None:
    """It happens when the end is moved."""
    diary = Diary()
    diary.engine.start(diary.life("a", 1500))

    assert diary.run(1500) == []
    assert diary.run(1501) == [(1500, "a", None)]


def test_an_instant_that_has_passed_is_now() -> None:
    """Time does not go back."""
    diary = Diary()
    diary.engine.start(diary.life("a", 1500, 3))

    assert diary.run(2000) == [(1500, "a", None), (1500, "a", None)]


def test_waking_makes_the_timer_void() -> None:
    """A customer who is given an agent does not lose patience later."""
    diary, agent = Diary(), Agent("a1", TEAMS[0], [])

    def waker() -> Life:
        yield 1100
        diary.engine.wake(sleeper[0], agent)

    def sleep() -> Life:
        sleeper.append(diary.engine.current)
        yield from diary.life("sleeper", 1200, FOREVER)

    sleeper: list[Process] = []
    for life in (sleep(), waker()):
        diary.engine.start(life)

    assert diary.run(9000) == [(1100, "sleeper", agent)]


def test_the_roster_covers_the_load() -> None:
    """At every hour at least as many agents are at work as would be busy without any waiting."""
    for team in TEAMS:
        own = [q for q in QUEUES if q.team == team.name]
        if own[0].channel != "voice":
            continue
        begin = starts(team, QUEUES, 1.0)
        for hour in range(24):
            there = sum((hour - h) % 24 < SHIFT_H for h in begin)
            busy = sum(
                q.per_hour * CURVES[q.curve][hour] * (q.talk_s + q.wrap_s) / 3600 for q in own
            )
            assert there * PRESENT >= busy


def test_a_team_does_not_go_to_lunch_at_once() -> None:
    """Breaks are staggered by the agent's place in the roster, and lie inside the shift."""
    lunches = {breaks(slot)[1].from_min for slot in range(20)}

    assert len(lunches) == 20
    assert all(0 < a.from_min < a.to_min < SHIFT_H * 60 for s in range(60) for a in breaks(s))
