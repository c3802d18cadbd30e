"""A sender tells what there is to tell: whatever receivers do, once, and somebody in any case."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Literal

import pytest

from alerting.core.telling import TOLD
from alerting.delivery import Policy, worker
from alerting.notifiers import Failed, Sent
from streams.settings import Address
from streams.store import StoreAway
from tests.alerting.delivery.world import SHORT, World, alert, hook
from tests.alerting.loopback import Answer, Loopback
from tests.alerting.telling import event, notice

Begin = Callable[..., Awaitable[World]]
RETRIES_S = (5, 30, 120, 600)
LONGER = 1.2
"""A pause is longer than it is said by at most a fifth."""


@pytest.fixture
async def phone() -> AsyncIterator[Loopback]:
    """Where ana and bea are told."""
    async with Loopback() as running:
        yield running


@pytest.fixture
async def room() -> AsyncIterator[Loopback]:
    """Where the fallback is told."""
    async with Loopback() as running:
        yield running


@pytest.fixture
async def begin(redis_url: str, phone: Loopback, room: Loopback) -> AsyncIterator[Begin]:
    """Returns what makes a world: ana is on duty, the room is the fallback."""
    made: list[World] = []

    async def begun(**more: Any) -> World:
        known: dict[str, Any] = {
            "targets": {
                "ar": Address(page=hook(phone.address), mail=hook(phone.address, "mail")),
                "bea": Address(page=hook(phone.address, "bea")),
            },
            "channels": {"room": hook(room.address)},
            "duties": {"floor": ("ana",), "nobody": ()},
            "fallback": "channel:room",
        }
        made.append(World(redis_url, **(known | more)))
        return made[-1]

    yield begun
    for one in made:
        await one.close()


def kinds(phone: Loopback) -> list[str]:
    """Returns what kinds of notice a server was told."""
    return [request.json["kind"] for request in phone.requests]


# -- one receiver


@pytest.mark.parametrize("answer", [200, 202, "slow"])
async def test_who_takes_it_is_told_once(begin: Begin, phone: Loopback, answer: Any) -> None:
    """And nothing of it is left."""
    world = await begin()
    phone.script.append(answer)
    await world.decide(notice())

    await world.sender.run_once()
    await world.pass_s(3600)
    await world.sender.run_once()

    assert kinds(phone) == ["fire"]
    box = await world.store.outbox()
    assert (box.notices, box.deliveries, box.later, box.dead) == (0, 0, 0, 0)
    assert world.deliveries("sent") == 1


async def test_retry_after_is_kept_to(begin: Begin, phone: Loopback) -> None:
    """A receiver that is busy says until when; the next attempt has the same key."""
    world = await begin()
    phone.script.append(Answer(429, {"Retry-After": "40"}))
    await world.decide(notice())

    await world.sender.run_once()
    await world.pass_s(39)
    await world.sender.run_once()
    assert len(phone.requests) == 1

    await world.pass_s(2)
    await world.sender.run_once()
    assert len(phone.requests) == 2
    assert len({r.headers["idempotency-key"] for r in phone.requests}) == 1
    assert (world.deliveries("failed"), world.deliveries("sent")) == (1, 1)


@pytest.mark.parametrize("answer", [503, "close", "never"])
async def test_five_attempts_then_somebody_else(
    begin: Begin, phone: Loopback, room: Loopback, answer: Any
) -> None:
    """After 5 s, 30 s, 2 and 10 minutes; then a dead letter, and the fallback hears why."""
    world = await begin(policy=SHORT)
    phone.after = answer
    await world.decide(notice())

    await world.sender.run_once()
    for n, pause_s in enumerate(RETRIES_S, 1):
        await world.pass_s(pause_s - 0.1)
        await world.sender.run_once()
        assert len(phone.requests) == n
        await world.pass_s(pause_s * (LONGER - 1) + 0.2)
        await world.sender.run_once()
        assert len(phone.requests) == n + 1
    await world.sender.run_once()

    [dead] = await world.store.dead()
    assert dead.delivery is not None
    assert dead.delivery.address == "ana/page"
    [told] = room.requests
    assert "Could not be told: ana/page." in told.json["text"]
    assert told.json["alerts"][0]["episode"] == event().episode
    assert (world.deliveries("failed"), world.deliveries("dead")) == (4, 1)
    assert world.deliveries("sent") == 1


async def test_a_refusal_is_final(begin: Begin, phone: Loopback, room: Loopback) -> None:
    """The fallback hears of it at once."""
    world = await begin()
    phone.after = 404
    await world.decide(notice())

    await world.sender.run_once()
    await world.sender.run_once()

    assert (len(phone.requests), kinds(room)) == (1, ["fire"])
    assert world.deliveries("dead") == 1


async def test_a_fallback_that_refuses_has_none(begin: Begin, room: Loopback) -> None:
    """It ends as a dead letter, and there it stays."""
    world = await begin(targets={})
    room.after = 404
    await world.decide(notice())

    for _ in range(3):
        await world.sender.run_once()

    assert len(room.requests) == 1
    assert len(await world.store.dead()) == 1


async def test_an_alert_that_is_over_is_not_told_any_more(begin: Begin, phone: Loopback) -> None:
    """A retry looks again: who was never reached hears that something was, once."""
    world = await begin()
    phone.script.append(503)
    await world.decide(notice())
    await world.sender.run_once()

    over = notice("resolve", to=(TOLD,), n=1)
    await world.decide(over, over=True)
    await world.sender.run_once()
    await world.pass_s(10)
    await world.sender.run_once()

    assert kinds(phone) == ["fire", "resolve"]
    assert world.deliveries("nothing") == 1


# -- many receivers


async def test_a_hanging_receiver_keeps_nobody_waiting(
    begin: Begin, phone: Loopback, room: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what is under way at the end is left for the next sender, with the same key."""
    monkeypatch.setattr(worker, "DRAIN_S", 0.05)
    world = await begin(policy=Policy(attempt_s=60))
    phone.script.append("never")
    stop = asyncio.Event()
    running = asyncio.create_task(world.sender.run(stop))

    await world.decide(notice())
    await phone.came(1)
    await world.decide(notice("announcement", to=("channel:room",), group="x"))
    await room.came(1)
    stop.set()
    await running
    world.store.idle_ms = 0
    await world.another("two").run_once()

    first, second = phone.requests
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert (await world.store.outbox()).deliveries == 0


async def test_one_receiver_hears_in_order(begin: Begin, phone: Loopback) -> None:
    """However slow it is."""
    world = await begin(policy=Policy(pages=100))
    phone.after = "slow"
    told = [notice("fire", alert(f"q{i}"), group=f"g{i}") for i in range(5)]
    await world.decide(*told)

    await world.sender.run_once()

    segments = [r.json["alerts"][0]["segment"] for r in phone.requests]
    assert segments == [f"queue:q{i}" for i in range(5)]


async def test_two_senders_tell_everything_once(begin: Begin, phone: Loopback) -> None:
    """Each takes what the other has not."""
    world = await begin(policy=Policy(pages=100))
    await world.decide(*(notice("fire", alert(f"q{i}"), group=f"g{i}") for i in range(20)))

    await asyncio.gather(*(one.run_once() for one in (world.sender, world.another("two"))))
    await world.sender.run_once()

    keys = [r.headers["idempotency-key"] for r in phone.requests]
    assert len(keys) == len(set(keys)) == 20


# -- who


async def test_nobody_on_duty_is_told_the_fallback(
    begin: Begin, phone: Loopback, room: Loopback
) -> None:
    """Counted, and said."""
    world = await begin()
    await world.decide(notice(to=("duty:nobody/page",)))

    await world.sender.run_once()

    assert (phone.requests, kinds(room)) == ([], ["fire"])
    assert "Could not be told: duty:nobody." in room.requests[0].json["text"]
    assert world.counted("unreachable_total") == 1


async def test_without_a_fallback_it_is_only_counted(begin: Begin) -> None:
    """There is nobody else."""
    world = await begin(fallback=None)
    await world.decide(notice(to=("duty:nobody/page",)))

    await world.sender.run_once()

    assert world.counted("unreachable_total") == 1
    assert (await world.store.outbox()).notices == 0


async def test_whoever_heard_of_it_hears_of_its_end(
    begin: Begin, phone: Loopback, room: Loopback
) -> None:
    """Whoever is on duty then."""
    world = await begin()
    await world.decide(notice(to=("duty:floor/page", "channel:room")))
    await world.sender.run_once()

    await world.decide(notice("resolve", to=(TOLD,), n=1), over=True)
    await world.sender.run_once()

    assert kinds(phone) == kinds(room) == ["fire", "resolve"]
    assert len({r.json["thread"] for r in phone.requests}) == 1


async def test_a_person_is_told_in_his_language(begin: Begin, phone: Loopback) -> None:
    """Others in that of the settings."""
    world = await begin(duties={"floor": ("ana", "bea")})
    await world.decide(notice("announcement", text={"en": "Hello.", "fr": "Bonjour."},
                              to=("duty:floor/page",)))  # fmt: skip

    await world.sender.run_once()

    texts = {r.path: r.json["text"] for r in phone.requests}
    assert "Bonjour." in texts["/hook"]
    assert "Hello." in texts["/bea"]


async def test_a_kind_that_cannot_be_told_is_left_out(begin: Begin, phone: Loopback) -> None:
    """PagerDuty knows no announcements."""
    url = f"pagerduty://abc?api=http://{phone.address}"
    world = await begin(channels={"pd": url})
    await world.decide(notice("announcement", to=("channel:pd",)))

    await world.sender.run_once()

    assert phone.requests == []
    assert world.deliveries("nothing", "pagerduty") == 1


async def test_each_alert_is_an_incident(begin: Begin, phone: Loopback) -> None:
    """One that is refused for now makes all of them come again, under the same keys."""
    url = f"pagerduty://abc?api=http://{phone.address}"
    world = await begin(channels={"pd": url})
    phone.script.extend((202, 503))
    await world.decide(notice("fire", alert("a"), alert("b"), to=("channel:pd",)))

    await world.sender.run_once()
    await world.pass_s(6)
    await world.sender.run_once()

    keys = sorted(r.json["dedup_key"] for r in phone.requests)
    assert keys == sorted([alert("a").episode, alert("b").episode] * 2)
    assert world.deliveries("sent", "pagerduty") == 1


async def test_an_address_that_is_none_is_a_dead_letter(begin: Begin, room: Loopback) -> None:
    """It was written with a variable that nobody has set."""
    world = await begin(targets={"ar": Address(page="${NOT_SET}")})
    await world.decide(notice())

    await world.sender.run_once()
    await world.sender.run_once()

    assert kinds(room) == ["fire"]
    assert world.deliveries("dead", "") == 1


# -- who is left alone


async def test_a_broken_receiver_is_left_alone(begin: Begin, phone: Loopback) -> None:
    """After five failures for half a minute; then one attempt shows that it is back."""
    world = await begin(policy=Policy(pages=100))
    phone.script.extend([503] * 5)
    await world.decide(*(notice("fire", alert(f"q{i}"), group=f"g{i}") for i in range(8)))

    await world.sender.run_once()
    assert len(phone.requests) == 5
    assert (world.deliveries("failed"), world.deliveries("resting")) == (5, 3)
    await world.sender._tick()
    assert world.counted("breakers_open", channel="webhook+http") == 1

    await world.pass_s(29)
    await world.sender.run_once()
    assert len(phone.requests) == 5

    await world.pass_s(30 * LONGER)
    await world.sender.run_once()
    assert len(phone.requests) == 13
    assert world.deliveries("sent") == 8
    await world.sender._tick()
    assert world.counted("breakers_open", channel="webhook+http") == 0


# -- pages


async def test_many_pages_at_once_are_six(begin: Begin, phone: Loopback) -> None:
    """Five, and one with all the others."""
    world = await begin()
    await world.decide(*(notice("fire", alert(f"q{i}"), group=f"g{i}") for i in range(9)))

    await world.sender.run_once()

    assert [len(r.json["alerts"]) for r in phone.requests] == [1, 1, 1, 1, 1, 4]
    assert "Plusieurs messages en un" in phone.requests[-1].json["text"]
    assert world.deliveries("sent") == 9


async def test_several_together_are_what_matters_most(begin: Begin, phone: Loopback) -> None:
    """And what is said with one of them is in it, too."""
    world = await begin(policy=Policy(pages=1))
    text = {"en": "Hello.", "fr": "Bonjour."}
    said = notice("reminder", alert("b"), text=text, group="x")
    await world.decide(said, notice("fire", alert("a"), group="a"))

    await world.sender.run_once()

    [request] = phone.requests
    assert (request.json["kind"], len(request.json["alerts"])) == ("fire", 2)
    assert "Bonjour." in request.json["text"]


async def test_a_page_beyond_the_limit_waits_for_room(begin: Begin, phone: Loopback) -> None:
    """At most as long as the window, then it comes with what else has waited; no attempt less."""
    world = await begin()
    for i in range(6):
        await world.decide(notice("fire", alert(f"q{i}"), group=f"g{i}"))
        await world.sender.run_once()
        await world.pass_s(10)
    for i in range(6, 9):
        await world.decide(notice("fire", alert(f"q{i}"), group=f"g{i}"))
        await world.sender.run_once()
    assert len(phone.requests) == 6
    assert world.deliveries("held") == 3

    await world.pass_s(530)
    await world.sender.run_once()
    assert len(phone.requests) == 6
    await world.pass_s(11)
    await world.sender.run_once()

    alerts = phone.requests[-1].json["alerts"]
    assert [a["segment"] for a in alerts] == ["queue:q6", "queue:q7", "queue:q8"]
    assert len(phone.requests) == 7
    assert world.deliveries("sent") == 9


async def test_an_end_is_not_counted(begin: Begin, phone: Loopback) -> None:
    """It wakes nobody for nothing, and does not wait."""
    world = await begin()
    told = [notice("fire", alert(f"q{i}"), group=f"g{i}") for i in range(6)]
    await world.decide(*told)
    await world.sender.run_once()

    ends = [
        notice("resolve", alert(f"q{i}", "resolve"), group=f"g{i}", to=(TOLD,), n=1)
        for i in range(6)
    ]
    await world.decide(*ends, over=True)
    await world.sender.run_once()

    assert kinds(phone) == ["fire"] * 6 + ["resolve"] * 6


@pytest.mark.parametrize("kind", ["ack", "unack", "announcement"])
async def test_only_what_fires_is_counted(
    begin: Begin, phone: Loopback, kind: Literal["ack", "unack", "announcement"]
) -> None:
    """That somebody has taken it on, or that works begin, leaves the room to the next alert."""
    world = await begin(policy=Policy(pages=2))
    said = [alert("q0", kind)] if kind != "announcement" else []
    text = {} if said else {"en": "Works.", "fr": "Travaux."}
    words = [notice(kind, *said, group="g0", n=n, text=text) for n in (1, 2, 3)]
    await world.decide(notice("fire", alert("q0"), group="g0"), *words)
    await world.sender.run_once()
    await world.decide(notice("fire", alert("q1"), group="g1"))
    await world.sender.run_once()

    told = kinds(phone)
    assert (told[0], told[-1], "fire" in told[1:-1]) == ("fire", "fire", False)
    assert len(told) > 2


async def test_what_is_over_before_there_was_room_is_not_told(
    begin: Begin, phone: Loopback
) -> None:
    """Neither that it began nor that it ended."""
    world = await begin(policy=Policy(pages=1))
    await world.decide(notice("fire", alert("a"), group="a"))
    await world.sender.run_once()
    await world.decide(notice("fire", alert("b"), group="b"))
    await world.sender.run_once()

    ended = notice("resolve", alert("b", "resolve"), group="b", to=(TOLD,), n=1)
    await world.decide(ended, over=True)
    await world.pass_s(601)
    await world.sender.run_once()

    assert [r.json["alerts"][0]["segment"] for r in phone.requests] == ["queue:a"]


async def test_what_has_waited_for_the_whole_window_goes(begin: Begin, phone: Loopback) -> None:
    """Even if others took the room that there was."""
    world = await begin(policy=Policy(pages=1))
    await world.decide(notice("fire", alert("a"), group="a"))
    await world.sender.run_once()
    await world.decide(notice("fire", alert("b"), group="b"))
    await world.sender.run_once()
    await world.rates.sent("ana/page", "another", world.clock_ms + 300_000)

    await world.pass_s(601)
    await world.sender.run_once()

    assert [r.json["alerts"][0]["segment"] for r in phone.requests] == ["queue:a", "queue:b"]


async def test_mail_and_rooms_have_no_limit(begin: Begin, phone: Loopback) -> None:
    """They wake nobody."""
    world = await begin()
    many = [
        notice("fire", alert(f"q{i}"), group=f"g{i}", to=("duty:floor/mail",)) for i in range(9)
    ]
    await world.decide(*many)

    await world.sender.run_once()

    assert len(phone.requests) == 9


# -- the store


async def test_a_lost_reply_sends_nothing_twice(
    begin: Begin, phone: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who sent it remembers, and only says again that it is done."""
    world = await begin()
    done, calls = world.store.done, []

    async def lost(*args: Any) -> bool:
        calls.append(args)
        if len(calls) == 1:
            raise StoreAway("for a moment")
        return await done(*args)

    monkeypatch.setattr(world.store, "done", lost)
    await world.decide(notice())
    await world.sender.run_once()
    assert (await world.store.outbox()).deliveries == 1

    world.store.idle_ms = 0
    await world.sender.run_once()
    assert (await world.store.outbox()).deliveries == 0
    assert len(phone.requests) == 1


async def test_who_takes_over_tells_it_again_with_the_same_key(
    begin: Begin, phone: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows whether it arrived, and it must."""
    world = await begin()

    async def crashed(*_: Any) -> bool:
        raise StoreAway("for good")

    with monkeypatch.context() as patch:
        patch.setattr(world.store, "done", crashed)
        await world.decide(notice())
        await world.sender.run_once()
    world.store.idle_ms = 0
    await world.another("two").run_once()

    assert len({r.headers["idempotency-key"] for r in phone.requests}) == 1
    assert len(phone.requests) == 2


async def test_what_has_waited_for_its_turn_goes_back(begin: Begin, phone: Loopback) -> None:
    """Before others may take it; that is no attempt."""
    world = await begin(policy=Policy(patience_s=0, pages=100))
    await world.decide(notice())
    await world.sender.run_once()
    assert phone.requests == []

    ((_, delivery),) = [job for job in await _due(world) if job[1].address == "ana/page"]
    assert delivery.attempt == 0


async def _due(world: World) -> list[Any]:
    await world.pass_s(1)
    await world.store.due(world.clock_ms)
    return await world.store.take_deliveries("test", 9, 0)


async def test_redis_away_is_waited_for(
    begin: Begin,
    phone: Loopback,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Said once; then everything goes on."""
    monkeypatch.setattr(worker, "TICK_S", 0.01)
    world = await begin()
    take = world.store.take
    failures: list[Any] = []

    async def away(*args: Any) -> Any:
        if len(failures) < 3:
            failures.append(args)
            raise StoreAway("gone")
        return await take(*args)

    monkeypatch.setattr(world.store, "take", away)
    await world.decide(notice())
    stop = asyncio.Event()
    running = asyncio.create_task(world.sender.run(stop))
    await phone.came(1)
    stop.set()
    await running

    assert "nothing is told while the store is away" in caplog.text


async def test_a_notifier_that_breaks_is_a_failure(
    begin: Begin,
    phone: Loopback,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its words are not written down: the address may be in them."""
    world = await begin()

    async def broken(*_: Any) -> None:
        raise RuntimeError(hook(phone.address))

    monkeypatch.setattr("alerting.notifiers.webhook.Webhook.send", broken)
    await world.decide(notice())
    await world.sender.run_once()

    assert world.deliveries("failed") == 1
    assert "RuntimeError in a notifier" in caplog.text
    assert phone.address not in caplog.text


async def test_no_address_is_logged(
    begin: Begin, phone: Loopback, caplog: pytest.LogCaptureFixture
) -> None:
    """Its id is."""
    world = await begin()
    phone.after = 404
    with caplog.at_level("INFO"):
        await world.decide(notice())
        await world.sender.run_once()

    assert "ana/page: given up" in caplog.text
    assert phone.address not in caplog.text


# -- trying out


async def test_an_address_can_be_tried(begin: Begin, phone: Loopback) -> None:
    """At once, past everything that waits."""
    world = await begin()

    assert await world.sender.try_out("ana/page") == Sent()
    assert kinds(phone) == ["test"]


@pytest.mark.parametrize("address", ["ana/fax", "nobody/page", "channel:x"])
async def test_what_is_no_address_cannot_be_tried(begin: Begin, address: str) -> None:
    """With a sentence."""
    world = await begin(targets={})

    outcome = await world.sender.try_out(address)
    assert outcome == Failed(why="there is no such address, or nobody can tell it", final=True)
