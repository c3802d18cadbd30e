"""The golden messages of the protocol, which the wall's tests read, too."""

import json
from pathlib import Path
from typing import Any

import pytest

from api.hub import Hub
from api.messages import (
    LIVE,
    REBUILDING,
    BadMessage,
    Bye,
    Error,
    Hello,
    Resync,
    SourceState,
    Subscribe,
    decode,
    encode,
)
from tests.api.fakes import SERVICE_LEVEL, WAITING, FakeBoard

GOLDEN = Path(__file__).parents[1] / "golden" / "protocol"
EPOCH = "k3f9a0c2"
NOW_MS = 1_790_000_001_000
SINCE_MS = 1_789_999_958_200


def golden(name: str) -> Any:
    """Returns a golden message."""
    return json.loads((GOLDEN / f"{name}.json").read_bytes())


def board() -> FakeBoard:
    """Returns the board of the golden conversation, as it is at its first tick."""
    fake = FakeBoard("queue:support")
    fake.put(
        "queue:support@live",
        "waiting",
        value=3,
        n=None,
        status="ok",
        target=WAITING,
        formula="live",
    )
    fake.put(
        "queue:support@live", "wait_longest", value=42.8, n=3, since_ms=SINCE_MS, formula="live"
    )
    for queue in ("support", "ventes"):
        topic = f"queue:{queue}@30m"
        fake.put(topic, "service_level", target=SERVICE_LEVEL, formula="SL-B", provisional=True)
        fake.put(topic, "wait_mean", formula="mean", provisional=True)
    fake.put(
        "queue:support@30m", "service_level", value=0.823, n=412, status="ok",
        target=SERVICE_LEVEL, formula="SL-B", provisional=True,
    )  # fmt: skip
    return fake


def a_second_later(fake: FakeBoard) -> None:
    """What changed until the golden delta."""
    fake.put(
        "queue:support@live", "wait_longest", value=43.8, n=3, since_ms=SINCE_MS, formula="live"
    )
    fake.put(
        "queue:support@30m", "service_level", value=0.69, n=413, status="critical",
        target=SERVICE_LEVEL, formula="SL-B", provisional=True, revised=True,
    )  # fmt: skip
    fake.names.append("queue:ventes")
    fake.put("queue:ventes@30m", "wait_mean", value=12.5, n=2, formula="mean", provisional=True)


def test_the_golden_conversation_is_what_the_hub_says() -> None:
    """Subscription, snapshot, delta, heartbeat; and the snapshot for who missed the delta."""
    fake = board()
    hub = Hub(fake, EPOCH)
    hub.seq = 811
    before = {"calls": SourceState(1_790_000_000.6, LIVE), "chats": SourceState(None, REBUILDING)}
    hub.tick(NOW_MS, NOW_MS, before)
    message = decode(json.dumps(golden("subscribe")))
    assert isinstance(message, Subscribe)
    view, answer = hub.subscribe(message)
    after = {
        "calls": SourceState(1_790_000_001.7, LIVE),
        "chats": SourceState(1_790_000_001.5, LIVE),
    }

    assert json.loads(encode(answer)) == golden("subscribed")
    assert json.loads(hub.text(view, None)) == golden("snapshot")
    a_second_later(fake)
    hub.tick(NOW_MS + 1000, NOW_MS + 1000, after)
    assert json.loads(hub.text(view, 812)) == golden("delta")
    assert json.loads(hub.text(view, 811)) == golden("after")
    hub.tick(NOW_MS + 2000, NOW_MS + 2000, after)
    assert json.loads(hub.text(view, 813)) == golden("heartbeat")


def test_a_delta_makes_of_the_snapshot_what_the_next_snapshot_says() -> None:
    """Each value replaced whole: what the wall's reducer does, in three lines."""
    state, delta, after = golden("snapshot"), golden("delta"), golden("after")
    for topic, values in delta["d"]:
        state["topics"].setdefault(topic, {}).update(values)

    assert state["topics"] == after["topics"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("error", Error(8, "bad_subscription", "101 topics; at most 100")),
        ("bye", Bye("restart", (500, 5000))),
        (
            "hello",
            Hello(
                1,
                EPOCH,
                "0.1.0+5f2c9a1be7d0",
                1_790_000_000.123,
                1000,
                10_000,
                "fr",
                "9b1f00aa27c4",
            ),
        ),
    ],
)
def test_the_other_messages_are_written_as_the_golden_ones(
    name: str, message: Error | Bye | Hello
) -> None:
    """Field by field."""
    assert json.loads(encode(message)) == golden(name)


def test_a_resync_is_understood() -> None:
    """It has no fields."""
    assert decode(json.dumps(golden("resync"))) == Resync()


@pytest.mark.parametrize(
    "text",
    [
        b"\xff",
        b'{"type":"resync\xff"}',
        "",
        "[]",
        "{}",
        '{"type":"dance"}',
        '{"type":"subscribe"}',
        '{"type":"subscribe","id":"x","topics":[]}',
        '{"type":"subscribe","id":1,"topics":"site"}',
        '{"type":"subscribe","id":1,"topics":[1]}',
        '{"type":"resync","deep":' + "[" * 16_000,
    ],
)
def test_what_is_no_message_is_refused_with_a_sentence(text: str | bytes) -> None:
    """Nothing else escapes the decoder."""
    with pytest.raises(BadMessage, match=r"\w"):
        decode(text)


def test_unknown_fields_of_a_client_are_ignored() -> None:
    """A newer wall may say more."""
    assert decode('{"type":"subscribe","id":1,"topics":["site@30m"],"every":5}') == Subscribe(
        1, ("site@30m",)
    )
