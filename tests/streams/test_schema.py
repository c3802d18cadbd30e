"""JSON Schemas: what the fold accepts is valid, what it refuses is not."""

import datetime as dt
import json
import tomllib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import jsonschema
import pytest

from streams.schema import schema
from streams.simulator import simulate
from streams.sources import anonymous_bank
from tests.sources.rows import text
from tests.sources.test_anonymous_bank import CALL


def events() -> Iterator[bytes]:
    """Yields events of all our sources."""
    yield from (
        e.value for e in islice(simulate(1, dt.datetime(2026, 3, 12, 9, tzinfo=dt.UTC)), 500)
    )
    convert = anonymous_bank.converter()
    for line in text([CALL]).encode().splitlines():
        yield from convert(line)


def test_our_own_events_are_valid() -> None:
    """Those of the simulator and of a converter."""
    validator = jsonschema.Draft202012Validator(schema("events"))
    found = [json.loads(event) for event in events()]
    assert {e["type"] for e in found} > {"contact.queued", "agent.state", "source.alive"}
    for event in found:
        validator.validate(event)


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "contact.danced"}, {"id": 5}, {"subject": ""}, {"data": {}},
        {"data": {"queue": "a", "channel": "telepathy"}},
    ],
)  # fmt: skip
def test_what_the_fold_refuses_is_not_valid(wrong: dict[str, object]) -> None:
    """An unknown type is not refused, but nobody should send it."""
    event = {
        "type": "contact.queued", "id": "1", "source": "s", "time": "2026-03-12T09:00:00Z",
        "subject": "c", "data": {"queue": "a", "more": 1}, "specversion": "1.0",
    }  # fmt: skip
    validator = jsonschema.Draft202012Validator(schema("events"))
    assert validator.is_valid(event)
    assert not validator.is_valid({**event, **wrong})


def test_the_example_is_a_valid_configuration() -> None:
    """Editors can check `pouls.toml` while it is written."""
    validator = jsonschema.Draft202012Validator(schema("config"))
    validator.validate(tomllib.loads(Path("pouls.toml").read_text()))
    assert not validator.is_valid({"timezon": "UTC"})
    assert not validator.is_valid({"queues": {"x": {"service_level": "SL-F"}}})
