"""The event contract at the door."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.errors import EventRefused
from streams.core.events import (
    CONTACT_TYPES,
    OTHER_TYPES,
    TYPES,
    decode,
    is_unknown_type,
    millis,
    order_key,
)
from streams.core.ledger import Ledger
from streams.core.policy import FoldPolicy

NEEDED: dict[str, dict[str, Any]] = {
    "contact.queued": {"queue": "q"},
    "contact.offered": {"agent": "a"},
    "contact.missed": {"agent": "a"},
    "contact.status": {"to": "open"},
    "agent.state": {"state": "available"},
    "agent.schedule": {"revision": 1, "activities": []},
}


def event(kind: str, **changes: Any) -> bytes:
    """Returns an event of a type that is accepted, but for the changes."""
    body = {
        "specversion": "1.0", "type": kind, "id": "1", "source": "s", "subject": "c",
        "time": "2026-03-12T10:00:00Z", "data": NEEDED.get(kind, {}), **changes,
    }  # fmt: skip
    return json.dumps({k: v for k, v in body.items() if v is not ...}).encode()


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_every_type_of_the_contract_is_accepted(kind: str) -> None:
    """With what it must say, and with fields that nobody knows."""
    e = decode(event(kind, novelty={"a": [1]}))

    assert e.rank == (CONTACT_TYPES.index(kind[8:]) if kind.startswith("contact.") else -1)
    assert {f"contact.{t}" for t in CONTACT_TYPES} | set(OTHER_TYPES) == TYPES


@pytest.mark.parametrize("kind", sorted(NEEDED))
def test_what_a_type_must_say_is_asked_for_by_name(kind: str) -> None:
    """The refusal names the missing field and where it belongs."""
    for name in NEEDED[kind]:
        data = {k: v for k, v in NEEDED[kind].items() if k != name}
        with pytest.raises(msgspec.ValidationError, match=f"`{name}`"):
            decode(event(kind, data=data))


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"time": "2026-03-12T10:00:00"}, r"\$.time"),
        ({"time": 1}, r"\$.time"),
        ({"id": ""}, r"\$.id"),
        ({"subject": ...}, "subject"),
        ({"data": {"wait_s": "12"}}, r"\$.data.wait_s"),
        ({"data": {"wait_s": 1e300}}, r"\$.data.wait_s"),
        ({"data": {"channel": "pigeon"}}, r"\$.data.channel"),
        ({"data": {"product": 7}}, r"\$.data.product"),
        ({"data": []}, r"\$.data"),
    ],
)
def test_a_wrong_type_is_refused_with_its_path(changes: dict[str, Any], path: str) -> None:
    """Whoever sent it learns which field to mend."""
    with pytest.raises(msgspec.ValidationError, match=path):
        decode(event("contact.answered", **changes))


def test_unknown_types_are_told_from_broken_events() -> None:
    """Only a type that nobody knows is not a dead letter."""
    assert is_unknown_type(event("contact.levitated"))
    assert not is_unknown_type(event("contact.queued", data={}))
    assert not is_unknown_type(b"not json")
    assert not is_unknown_type(b"[]")


RUBBISH = [
    b"", b"{", b"null", b"\x00\x01", b"[" * 100_000,
    event("contact.ended").replace(b'"c"', b'"\xed\xa0\x80"'),
    event("contact.ended").replace(b'"c"', b'"\\ud800"'),
    event("contact.ended").replace(b'"1"', b'"\xff"'),
    event("contact.ended") + b"\x00",
]  # fmt: skip


@pytest.mark.parametrize("raw", RUBBISH, ids=range(len(RUBBISH)))
def test_no_bytes_at_all_stop_the_fold(raw: bytes) -> None:
    """Whatever a value holds, it is refused with a reason, and the next one is folded."""
    ledger = Ledger(FoldPolicy(), "voice")

    (refused,) = ledger.apply_all([raw, event("contact.ended")], 1 << 60)

    assert refused.index == 0
    assert refused.reason
    assert ledger.top_ms == 1_773_309_600_000


@given(st.binary(max_size=40), st.integers(0, 200))
def test_damaged_events_never_raise(noise: bytes, at: int) -> None:
    """An event with noise in it is folded, refused or unknown; nothing is raised."""
    raw = event("contact.ended")

    Ledger(FoldPolicy(), "voice").apply_all([raw[:at] + noise + raw[at + len(noise) :]], 1 << 60)


def test_time_is_floored_to_ms() -> None:
    """Microseconds are cut off, and an offset is understood."""
    e = decode(event("contact.ended", time="2026-03-12T11:00:00.123999+01:00"))

    assert millis(e.time) == 1_773_309_600_123


def test_order_is_time_rank_id_source() -> None:
    """The key by which facts are folded; what is no event has none."""
    assert order_key(event("contact.ended")) == (1_773_309_600_000, 11, "1", "s")
    with pytest.raises(EventRefused, match="truncated"):
        order_key(b"{")
