"""Alerts from an event in Kafka to who is told, while leaders die and Redis goes away and comes."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.integration.watchers import RULES, Watchers, said, until
from tests.servers import Server

SECOND = timedelta(seconds=1)


@pytest.fixture
async def watchers(tmp_path: Path, own_kafka: Server, own_redis: Server) -> AsyncIterator[Watchers]:
    """A worker and an API; replicas are the test's to start."""
    async for each in Watchers.on(tmp_path, own_kafka, own_redis):
        yield each


async def test_people_are_told_whatever_dies(watchers: Watchers, own_redis: Server) -> None:
    """Fire, a dead leader, an acknowledgement, Redis away, the end: each told once."""
    one, two = watchers.replica("one"), watchers.replica("two")
    watchers.say(said("queued", f"c{n}", 30, queue="sav") for n in range(40))
    watchers.say(said("abandoned", f"c{n}", 10, phase="queue") for n in range(20))
    watchers.say(said("answered", f"c{n}", 10, agent="a1") for n in range(20, 35))

    await until("both rules have fired", lambda: all(
        watchers.heard("fire", rule) for rule in ("longest", "abandonment")
    ))  # fmt: skip
    await until("somebody beats", lambda: watchers.beats)
    leader = watchers.leader()
    assert leader in {one, two}
    assert leader is not None
    leader.kill()
    beats = watchers.beats

    await until("the boss is told by the other", lambda: watchers.heard(
        "escalation", "longest", "/boss"
    ))  # fmt: skip
    await until("the other beats", lambda: watchers.beats > beats)
    assert watchers.leader() is ({one, two} - {leader}).pop()
    assert watchers.doubled() == []

    episode = watchers.heard("fire", "longest")[0]["alerts"][0]["episode"]
    path = f"/api/v1/alerts/{quote(episode, safe='')}/ack"
    answer = await watchers.post(path, by="ana", note="on it")
    assert (answer.status_code, answer.text) == (200, answer.text)
    await until("everybody hears who does it", lambda: watchers.heard("ack", "longest", "/boss"))
    then = datetime.fromisoformat(watchers.heard("escalation", "longest", "/boss")[0]["then"]["at"])
    await until("it would be the owner's turn", lambda: datetime.now(UTC) > then + 3 * SECOND)
    assert watchers.notices("/owner") == []

    own_redis.stop()
    beats = watchers.beats + 1  # one may have been on its way
    await until(
        "it is noticed", lambda: "no heartbeat: Redis is away" in _last(watchers, leader is one)
    )
    silent = watchers.beats
    assert silent <= beats
    own_redis.start()
    await until("the heartbeat goes on", lambda: watchers.beats > silent)

    watchers.say(said("answered", f"c{n}", agent="a1") for n in range(35, 40))
    await until("the end is told", lambda: watchers.heard("resolve", "longest"))
    await until("to everybody", lambda: watchers.heard("resolve", "longest", "/boss"))
    assert watchers.doubled() == []


def _last(watchers: Watchers, second: bool) -> str:
    """Returns what the replica that is left has logged."""
    return watchers.processes[3 if second else 2].said()


async def test_rule_files_are_read_anew_and_mistakes_change_nothing(watchers: Watchers) -> None:
    """What fires goes on by the rule's id; a file with mistakes is refused with all of them."""
    watchers.rules.write_text(RULES.replace("above: 5s", "above: 3600s"))
    only = watchers.replica("only")
    watchers.say(said("queued", f"c{n}", 30, queue="sav") for n in range(3))
    await until("it leads", lambda: watchers.leader() is only)

    watchers.rules.write_text(
        RULES.replace("above: 5s", "above: five").replace("id: abandon", "x: ")
    )
    await until("it is refused", lambda: "the rules before stay in use" in only.said())
    assert "raise.above" in only.said()
    assert "id: is missing" in only.said()

    watchers.rules.write_text(RULES)
    await until("it fires", lambda: watchers.heard("fire", "longest"))
    assert "rule files are read anew" in only.said()

    watchers.rules.write_text(
        RULES.replace("id: longest", "id: wait").replace("[longest]", "[wait]")
    )
    await until("a rule that has gone ends", lambda: watchers.heard("resolve", "longest"))
    await until("another begins", lambda: watchers.heard("fire", "wait"))
    only.stop()
    assert '"stopped"' in only.said()
