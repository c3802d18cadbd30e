"""docs/agents.md and the page of events: every number and every message is what comes out."""

import json
import re
from typing import Any

import pytest

from streams.core.kpis_agents import AGENT_ENTRIES
from streams.core.ledger import Ledger
from streams.core.policy import FoldPolicy
from streams.core.roster import Person, roster
from tests.test_docs_plans import unexplained
from tools import agents_page

PAGE = agents_page.PAGE.read_text()
EVENTS = (agents_page.ROOT / "docs/events.md").read_text()
BLOCKS = [(found[1], found[2]) for found in agents_page.CONSOLE.finditer(PAGE)]
DIVISION = re.compile(r"([\d(][\d .+(]*\)?) ÷ ([\d(][\d .+(]*\)?) = ([\d.]+)(?![\d.]| ÷)( %)?")
NOON = "2025-11-24T12:00:00Z"
NOW_MS = 1_763_985_600_000


def test_the_tables_are_the_catalogue_and_the_example() -> None:
    """They are what `make readme` would write."""
    assert agents_page.with_tables(PAGE) == PAGE


@pytest.mark.parametrize(("commands", "answer"), BLOCKS)
def test_every_command_prints_what_the_page_says(commands: str, answer: str) -> None:
    """The simulator's day among them."""
    assert agents_page.printed(commands) == answer


def test_every_command_is_tried() -> None:
    """No block is passed over."""
    assert len(BLOCKS) == PAGE.count("```console\n") > 10
    assert "pouls simulate" in BLOCKS[-1][0]


def test_every_kpi_is_asked_for() -> None:
    """In the table all of them, by commands most."""
    ids = {kpi.id for kpi in AGENT_ENTRIES}
    assert ids == set(re.findall(r"^\| `(\w+)` \| \w[^|]*\*", PAGE, re.MULTILINE))


def test_divisions_in_words_are_right() -> None:
    """Whoever divides by hand gets the same."""
    found = DIVISION.findall(re.sub(r"\s+", " ", PAGE))
    wrong = [each for each in found if f"{quotient(*each):.{decimals(each[2])}f}" != each[2]]
    assert wrong == []
    assert len(found) > 15


def quotient(part: str, whole: str, _: str, percent: str) -> float:
    """Returns what a division of sums comes to."""
    above, below = (sum(map(float, re.findall(r"[\d.]+", side))) for side in (part, whole))
    return above / below * (100 if percent else 1)


def decimals(text: str) -> int:
    """Returns to how many places a number is written."""
    return len(text.partition(".")[2])


def event(kind: str, data: dict[str, Any], agent: str = "a", time: str = NOON) -> bytes:
    """Returns an event of an agent."""
    said = {"id": "1", "source": "s", "type": f"agent.{kind}", "time": time, "subject": agent}
    return json.dumps({**said, "data": data}).encode()


def plan(*activities: tuple[int, int], **data: Any) -> bytes:
    """Returns a plan of (first hour, last hour)."""
    listed = [
        {"start": f"2025-11-24T{a:02}:00:00Z", "end": f"2025-11-24T{b:02}:00:00Z", "activity": "x"}
        for a, b in activities
    ]
    return event("schedule", {"revision": 1, "activities": listed, **data})


REFUSED = [
    event("state", {"state": "asleep"}),
    event("state", {}),
    event("state", {"state": "available", "capacity": -1}),
    event("state", {"state": "available"}, time="2025-11-24T12:05:01Z"),
    event("state", {"state": "available"}, agent="nobody"),
    plan((10, 9)),
    plan((9, 11), (10, 12)),
    plan(),
    plan(date="2025-02-30"),
    plan(date="1989-12-31"),
]


def test_every_reason_to_refuse_an_agents_event_is_explained() -> None:
    """And no reason is told that does not exist; without effect they are all."""
    ledger = Ledger(FoldPolicy(), "voice", roster([Person("a", "a")]))
    said = [refused.reason for refused in ledger.apply_all(REFUSED, NOW_MS)]
    rows = EVENTS.partition("| reason | because |\n|---|---|\n")[2].partition("\n\n")[0]
    told = re.findall(r"^\| ``(.+?) ?`` \|", rows, re.MULTILINE)
    assert len(said) == len(REFUSED)
    assert unexplained(said, told) == (set(), set())
    assert ledger.take_changes().visible.tails == {}
