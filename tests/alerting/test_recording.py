"""Investigations outlive Redis: what was recorded is what comes back."""

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from alerting.acts import ActRecord, ActsAway, decode, encode
from alerting.core.investigations import Investigation, Step, apply
from alerting.recording import Recording
from alerting.store import Held
from alerting.taking import take


def record(status: str = "open", **more: Any) -> Investigation:
    """Returns an investigation."""
    given: dict[str, Any] = {
        "id": "i", "rule": "abandonment", "kpi": "abandonment_rate", "segment": "queue:sav",
        "template": "service", "owner": "floor", "opened_ms": 1, "status": status,
    }  # fmt: skip
    return Investigation(**(given | more))


class Topic:
    """Kafka, or the want of it."""

    def __init__(self) -> None:
        self.records: list[ActRecord] = []
        self.away = False

    async def write(self, record: ActRecord) -> int:
        """Takes a record."""
        if self.away:
            raise ActsAway("gone")
        self.records.append(decode(encode(record)))
        return len(self.records) - 1


def held(*records: Investigation) -> Held:
    """Returns what a leader holds."""
    return Held(
        epoch=1, seq=1, at_ms=1, clock_ms=1, acts=0, born_ms=1, instances={}, groups={}, quiet={},
        investigations={one.id: one for one in records},
    )  # fmt: skip


@pytest.fixture
def topic() -> Topic:
    """Where acts are written."""
    return Topic()


async def test_what_changed_is_recorded_once_and_its_end_too(topic: Topic) -> None:
    """What is only counted, or was over before, is not."""
    leader: Any = SimpleNamespace(held=held(record(), record("counting", id="n")))
    recording = Recording(leader, topic)
    await recording.once()
    await recording.once()
    assert [one.object for one in topic.records] == ["i"]
    leader.held = held(record("closed"), record("closed", id="old"))
    await recording.once()
    assert [one.object for one in topic.records] == ["i", "i"]
    assert {one.key() for one in topic.records} == {"i|record"}


async def test_without_kafka_it_is_recorded_later(topic: Topic) -> None:
    """Nothing is forgotten."""
    leader: Any = SimpleNamespace(held=held(record()))
    recording = Recording(leader, topic)
    topic.away = True
    with pytest.raises(ActsAway):
        await recording.once()
    topic.away = False
    await recording.once()
    assert len(topic.records) == 1


async def test_whoever_leads_anew_records_what_is_in_work_again(topic: Topic) -> None:
    """The one before may not have come to it."""
    leader: Any = SimpleNamespace(held=held(record()))
    recording = Recording(leader, topic)
    await recording.once()
    leader.held = None
    await recording.once()
    leader.held = held(record())
    await recording.once()
    assert len(topic.records) == 2


async def test_an_emptied_memory_gets_back_what_was_recorded(topic: Topic) -> None:
    """And the steps taken since; of what is held nothing is undone."""
    before = apply(record(), Step(do="cause", text="x"), "ana", 5)
    leader: Any = SimpleNamespace(held=held(before))
    await Recording(leader, topic).once()
    later = ActRecord(
        id="s", kind="investigation", object="i", by="bob", at_ms=9,
        investigation=msgspec.to_builtins(Step(do="investigate")),
    )  # fmt: skip
    taken = take(held(), [*topic.records, later], {}, 10)
    assert taken.investigations["i"].cause == "x"
    assert taken.investigations["i"].status == "investigating"
    assert set(taken.outcomes.values()) == {""}
    newer = record("in_progress")
    assert take(held(newer), topic.records, {}, 10).investigations["i"] == newer
