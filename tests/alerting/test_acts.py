"""Records of what people do."""

import logging

import msgspec
import pytest

from alerting import acts
from alerting.acts import ActRecord
from alerting.core.telling import Matcher, Quiet

QUIET = Quiet(id="q", kind="silence", match=Matcher(rules=("r",)), from_ms=1, until_ms=2, by="ana")


def record(kind: acts.ActKind = "ack", id_: str = "1" * 32, **more: object) -> ActRecord:
    """Returns a record."""
    given = {"object": "e", "by": "ana", "at_ms": 7}
    return ActRecord(id=id_, kind=kind, **(given | more))  # type: ignore[arg-type] # by name


@pytest.mark.parametrize("kind", ["ack", "unack", "snooze", "silence", "unsilence", "maintenance"])
def test_of_most_acts_the_latest_stands(kind: acts.ActKind) -> None:
    """One key an object and kind."""
    assert record(kind, "a").key() == record(kind, "b").key() == f"e|{kind}"


@pytest.mark.parametrize("kind", ["note", "investigation"])
def test_notes_and_steps_of_investigations_all_stay(kind: acts.ActKind) -> None:
    """Each has a key of its own."""
    assert record(kind, "a").key() == f"e|{kind}|a"


@pytest.mark.parametrize(
    "one",
    [
        record(),
        record("snooze", until_ms=9, note="später"),
        record("silence", quiet=QUIET),
        record("investigation", investigation={"step": "cause", "text": "x"}),
    ],
)
def test_a_record_comes_back_as_it_was(one: ActRecord) -> None:
    """Through JSON."""
    assert acts.decode(acts.encode(one)) == one


class Record(msgspec.Struct):
    """A record as Kafka hands it out."""

    offset: int
    value: bytes | None


def test_what_is_no_act_is_skipped_and_told(caplog: pytest.LogCaptureFixture) -> None:
    """By topic and offset, never by what it holds; a deletion is no mistake."""
    good = acts.encode(record())
    bad = [b"secret", b"{}", b"\xff", b'{"id":1}', b"[" * 100_000]
    records = [Record(0, None), Record(1, good), *(Record(2 + i, v) for i, v in enumerate(bad))]

    with caplog.at_level(logging.ERROR):
        assert acts._records(records) == [(1, record())]

    assert [f"offset {2 + i}" in r.getMessage() for i, r in enumerate(caplog.records)] == [True] * 5
    assert "secret" not in caplog.text


async def test_a_kafka_that_is_away_is_said_to_be() -> None:
    """By writer and reader."""
    nowhere = "127.0.0.1:1"
    writer, reader = acts.ActWriter(nowhere), acts.ActReader(nowhere)
    with pytest.raises(acts.ActsAway, match=nowhere):
        await writer.write(record())
    with pytest.raises(acts.ActsAway, match=nowhere):
        await reader.read(0)
    await writer.close()
    await reader.close()
