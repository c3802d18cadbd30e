"""Acts: what they change, and the sentences with which they are refused."""

from typing import Any

import msgspec
import pytest

from alerting.acts import ActRecord
from alerting.core.investigations import Investigation
from alerting.core.shapes import Ack
from alerting.core.telling import Matcher, Quiet
from alerting.store import Held
from alerting.taking import Taken, take
from tests.alerting.core.views import level, rule
from tests.alerting.store.samples import EPISODE, KEY, NOW, WARNING, instance

RULES = {
    KEY.rule: rule(
        id=KEY.rule, metric="abandonment_rate", levels={"warning": level("above", "8%", "6%")}
    )
}
OPEN = Investigation(
    id="i", rule=KEY.rule, kpi="abandonment_rate", segment="queue:sav", template="t", owner="floor",
    status="open",
)  # fmt: skip
QUIET = Quiet(
    id="q", kind="silence", match=Matcher(), from_ms=NOW - 10, until_ms=NOW + 10, by="ana"
)


def record(kind: Any, of: str, **more: Any) -> ActRecord:
    """Return what somebody did."""
    known: dict[str, Any] = {"id": "x", "by": "ana", "at_ms": NOW}
    return ActRecord(kind=kind, object=of, **(known | more))


def taken(*acts: ActRecord, **more: Any) -> Taken:
    """Return what acts make of one alert that fires."""
    known: dict[str, Any] = {"instances": {KEY: instance()}, "investigations": {"i": OPEN}}
    return take(Held(epoch=1, **(known | more)), acts, RULES, NOW)


def test_an_alert_is_acknowledged() -> None:
    """It is the instance of the episode; what happened is an event."""
    after = taken(record("ack", EPISODE, note="on it"))

    until_ms = NOW + RULES[KEY.rule].ack_timeout
    assert after.instances[KEY].ack == Ack(
        by="ana", clock_ms=NOW, severity=WARNING, note="on it", until_ms=until_ms
    )
    assert [(e.kind, e.by, e.note) for e in after.events] == [("ack", "ana", "on it")]
    assert after.outcomes == {"x": ""}


@pytest.mark.parametrize(
    ("act", "says"),
    [
        (record("ack", f"{EPISODE}1"), "no longer there"),
        (record("ack", "gone|queue:sav|7"), "no rule 'gone' any more"),
        (record("ack", "nonsense"), "no rule 'nonsense'"),
        (record("resolve", EPISODE), "snooze it"),
        (record("snooze", EPISODE, until_ms=NOW), "later than now"),
        (record("silence", "q"), "does not say what silence"),
        (record("maintenance", "q", quiet=QUIET), "does not say what maintenance"),
        (record("silence", "other", quiet=QUIET), "does not say what silence"),
        (
            record("silence", "q", quiet=msgspec.structs.replace(QUIET, until_ms=NOW)),
            "has ended already",
        ),
        (record("unsilence", "q"), "has ended already"),
        (record("investigation", "none", investigation={"do": "note"}), "no such investigation"),
        (record("investigation", "i", investigation={"do": "dance"}), "Invalid enum value"),
        (record("investigation", "i"), "Expected `object`"),
        (record("record", "j", investigation={"id": "j"}), "missing required field"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(act: ActRecord, says: str) -> None:
    """And changes nothing."""
    after = taken(act)

    assert says in after.outcomes["x"]
    assert after.instances == {KEY: instance()}
    assert (after.quiet, after.events, after.investigations) == ({}, [], {"i": OPEN})


def test_a_silence_begins_and_ends() -> None:
    """One that was announced as maintenance stays announced."""
    begun = taken(record("silence", "q", quiet=QUIET))
    assert begun.quiet == {"q": QUIET}

    announced = msgspec.structs.replace(QUIET, announced="before")
    longer = msgspec.structs.replace(QUIET, until_ms=NOW + 99)
    again = taken(record("silence", "q", quiet=longer), quiet={"q": announced})
    assert again.quiet["q"] == msgspec.structs.replace(longer, announced="before")

    ended = taken(record("unsilence", "q"), quiet={"q": QUIET})
    assert ended.quiet["q"] == msgspec.structs.replace(QUIET, until_ms=NOW)


def test_an_investigation_goes_on() -> None:
    """By one step."""
    step = {"do": "investigate"}

    after = taken(record("investigation", "i", investigation=step))

    assert after.investigations["i"].status == "investigating"


def test_a_recorded_investigation_is_taken_only_where_there_is_none() -> None:
    """What is held is newer."""
    told = msgspec.to_builtins(OPEN)

    assert taken(record("record", "i", investigation=told), investigations={}).investigations == {
        "i": OPEN
    }
    newer = msgspec.structs.replace(OPEN, status="investigating")
    kept = taken(record("record", "i", investigation=told), investigations={"i": newer})
    assert kept.investigations == {"i": newer}


def test_acts_are_taken_in_their_order() -> None:
    """What is acknowledged can be given up again."""
    after = taken(record("ack", EPISODE), record("unack", EPISODE, id="y"), record("started", "m"))

    assert after.instances[KEY].ack is None
    assert [event.kind for event in after.events] == ["ack", "unack"]
    assert after.outcomes == {"x": "", "y": ""}
