"""The numbers that rules look at, and when they are none to rely on."""

import asyncio
import time
from collections.abc import Iterable

import pytest

from alerting import numbers as module
from alerting.core.conditions import condition
from alerting.core.rules import Rule
from alerting.core.shapes import Severity
from alerting.core.view import BoardView, Earlier, detailed, tracked
from alerting.numbers import FRESH_MS, Numbers
from streams.core.changes import nothing
from streams.settings import load_settings
from streams.store import Store, StoreAway
from tests.alerting.core.views import level, rule
from tests.alerting.test_past import silence

SOURCES = ["calls-0", "agents-0"]


class FakeStore(Store):
    """Is not there, or has no past."""

    away = True
    asked = 0

    def __init__(self) -> None:
        super().__init__("redis://127.0.0.1:1/0")

    async def complaints(self) -> list[str]:
        """Returns nothing, if it answers."""
        if self.away:
            raise StoreAway("Redis is away")
        return ["maxmemory-policy is allkeys-lru"]

    async def history(self, *_: object) -> dict:  # type: ignore[type-arg]
        """Counts."""
        self.asked += 1
        if self.away:
            raise StoreAway("Redis is away")
        return {}


@pytest.fixture
def store() -> FakeStore:
    """A store that is away."""
    return FakeStore()


@pytest.fixture
def numbers(store: FakeStore) -> Numbers:
    """The numbers of two sources, of which nothing was read yet."""
    return Numbers(load_settings({"POULS_CONFIG": "/dev/null"}), SOURCES, store)


def load(numbers: Numbers, age_ms: int) -> None:
    """Lets both sources be read."""
    now_ms = time.time_ns() // 1_000_000
    for source in SOURCES:
        numbers._feed.on_load(source, nothing(now_ms))
        numbers._feed.on_mark(source, now_ms - age_ms, rebuilding=False)
    numbers._reader.connected = True
    numbers.step()


def test_it_is_a_view_that_says_more(numbers: Numbers) -> None:
    """Guards want histograms, evaluators where nothing has changed."""
    view: BoardView = numbers

    assert detailed(numbers)
    assert tracked(numbers)
    assert view.history("queue:x", "offered", 0) is None
    assert view.segments("queue:*") == []


def test_what_is_wrong_with_them_is_said(numbers: Numbers) -> None:
    """Redis, a source that is built, one that says nothing any more."""
    numbers.step()
    assert (numbers.trouble, numbers.age_ms(None)) == ("Redis is away", None)

    numbers._reader.connected = True
    assert numbers.trouble == "the numbers are being built"

    load(numbers, 0)
    assert numbers.trouble == ""
    assert numbers.age_ms("agents") is not None

    load(numbers, FRESH_MS + 5_000)
    assert numbers.trouble == "the numbers stand still"
    assert (numbers.age_ms(None) or 0) >= FRESH_MS + 5_000


def test_what_is_never_read_grows_old(numbers: Numbers, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not within the first seconds of a start; then the rule about the feed fires."""
    limits = {"critical": level("above", "60s", "20s")}
    everything = condition(rule(stale={}, levels=limits), Earlier(), {})
    chosen = condition(rule(stale={"topic": "agents"}, levels=limits), Earlier(), {})
    began_ns = time.time_ns()

    def seen(after_s: int) -> list[tuple[str, Severity]]:
        monkeypatch.setattr(time, "time_ns", lambda: began_ns + after_s * 1_000_000_000)
        numbers._feed.on_mark("calls-0", time.time_ns() // 1_000_000, rebuilding=False)
        numbers.step()
        return [look(numbers, "site")[:2] for look in (everything, chosen)]

    assert seen(0) == [("missing", Severity.NONE)] * 2
    assert seen(29) == [("missing", Severity.NONE)] * 2
    assert seen(59) == [("ok", Severity.NONE)] * 2
    assert seen(61) == [("ok", Severity.CRITICAL)] * 2
    assert numbers.age_ms("calls") == 0


def test_a_source_whose_state_is_gone_is_as_old_as_its_last_news(
    numbers: Numbers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its worker builds it anew: it is not as old as this process."""
    load(numbers, 0)
    later_ns = time.time_ns() + 40 * 1_000_000_000
    numbers._feed.on_drop("calls-0")
    numbers.step()
    assert numbers.age_ms("calls") is None

    monkeypatch.setattr(time, "time_ns", lambda: later_ns)
    numbers.step()
    assert numbers.age_ms("calls") == pytest.approx(40_000, abs=2_000)


def test_a_source_that_is_ahead_of_our_clock_has_no_age(numbers: Numbers) -> None:
    """Clocks differ by a little."""
    load(numbers, -60_000)

    assert numbers.age_ms("calls") == 0


async def test_the_past_is_fetched_ahead_once_the_numbers_are_good(
    numbers: Numbers, store: FakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a log is no past; Redis away is waited out."""
    monkeypatch.setattr(module, "FILL_S", 0.001)
    monkeypatch.setattr(module, "AHEAD_S", 0.001)
    asks: Rule = silence(select=["site"])

    def rules() -> Iterable[Rule]:
        return [asks]

    task = asyncio.create_task(numbers.remember(rules))
    await asyncio.sleep(0.02)
    assert store.asked == 0

    load(numbers, 0)
    async with asyncio.timeout(10):
        while store.asked < 2:  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.001)
        store.away = False
        while numbers._past._wanted:  # noqa: ASYNC110  likewise
            await asyncio.sleep(0.001)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_an_unfit_redis_is_said_and_followed_all_the_same(
    numbers: Numbers, store: FakeStore, caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Or one that is not there."""

    async def run() -> None:
        return

    monkeypatch.setattr(numbers._reader, "run", run)
    await numbers.follow()
    store.away = False
    await numbers.follow()

    assert [r.getMessage() for r in caplog.records] == [
        "Redis is away; trying again until it is there", "maxmemory-policy is allkeys-lru",
    ]  # fmt: skip
