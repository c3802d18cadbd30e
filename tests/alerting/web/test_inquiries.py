"""Investigations through the API: listed, exported, led on."""

import csv
from typing import Any

import msgspec
import pytest

from alerting.core.investigations import Investigation
from alerting.core.investigations.shapes import Action, Entry
from tests.alerting.web.rig import NOW_MS, Rig

ID = "abandonment_rate|queue:sav|1"
HOUR_MS = 3_600_000


def record(**more: Any) -> Investigation:
    """Returns an investigation whose first step is overdue."""
    given: dict[str, Any] = {
        "id": ID, "rule": "abandonment", "kpi": "abandonment_rate", "segment": "queue:sav",
        "template": "service", "owner": "ana", "status": "open", "why": "severity",
        "opened_ms": NOW_MS - 50 * HOUR_MS, "episodes": ("e1",), "n_episodes": 1, "value": 0.3,
        "target": 0.05, "n": 43, "investigate_by_ms": NOW_MS - HOUR_MS,
        "plan_by_ms": NOW_MS + HOUR_MS, "history": (Entry(at_ms=NOW_MS, what="opened"),),
    }  # fmt: skip
    return Investigation(**(given | more))


@pytest.fixture
def rig() -> Rig:
    """Three of them: one in work, one closed, one of which episodes are only counted."""
    rig = Rig()
    rig.store.records = {
        one.id: one
        for one in (
            record(),
            record(id="c", status="closed", result="effective", closed_ms=NOW_MS, kpi="occupancy"),
            record(id="n", status="counting", opened_ms=0),
        )
    }
    return rig


async def test_those_in_work_come_first_and_say_what_is_overdue(rig: Rig) -> None:
    """What is only counted is nobody's business."""
    found = (await rig.get("/api/v1/investigations")).json()["investigations"]
    assert [one["id"] for one in found] == [ID, "c"]
    assert found[0]["overdue"] == ["investigate"]
    assert found[0]["owner_name"] == "Ana R."
    assert found[0]["opened"] == "2026-09-19T12:13:20Z"
    assert "opened_ms" not in found[0]


async def test_status_and_segment_choose(rig: Rig) -> None:
    """And what they cannot be is told."""
    path = "/api/v1/investigations"
    closed = (await rig.get(path, status="closed")).json()["investigations"]
    assert [one["id"] for one in closed] == ["c"]
    assert (await rig.get(path, segment="queue:other")).json()["investigations"] == []
    bad = await rig.get(path, status="counting", format="xml")
    assert bad.status_code == 400
    assert [field["name"] for field in bad.json()["parameters"]] == ["format", "status"]


async def test_the_table_is_one_line_an_investigation(rig: Rig) -> None:
    """A cell that a spreadsheet would take for a formula is text."""
    rig.store.records[ID] = record(
        cause="=1+1", actions=(Action(id=1, what="x", who="ana", by_ms=NOW_MS - 1),)
    )
    answer = await rig.get("/api/v1/investigations", format="csv")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(answer.text.splitlines()))
    assert [row["id"] for row in rows] == [ID, "c"]
    assert rows[0]["cause"] == "'=1+1"
    assert (rows[0]["actions_open"], rows[0]["overdue"]) == ("1", "investigate; action 1")
    assert rows[0]["closed"] == ""


async def test_one_has_everything_that_happened(rig: Rig) -> None:
    """One that is not there, or only counted, is 404."""
    one = (await rig.get(f"/api/v1/investigations/{ID}")).json()
    assert [entry["what"] for entry in one["history"]] == ["opened"]
    for name in ("n", "nothing"):
        assert (await rig.get(f"/api/v1/investigations/{name}")).status_code == 404


async def test_a_step_is_recorded_and_answered_when_it_is_taken_in(rig: Rig) -> None:
    """Its fields go to the leader as they are."""
    body = {"by": "bob", "do": "action", "text": "call in reserve", "who": "ana",
            "due": "2026-09-30T16:00:00Z"}  # fmt: skip
    answer = await rig.post(f"/api/v1/investigations/{ID}", body)
    assert answer.status_code == 200
    (written,) = rig.writer.records
    assert (written.kind, written.object, written.by) == ("investigation", ID, "bob")
    assert written.investigation is not None
    assert written.investigation["do"] == "action"
    assert written.investigation["by_ms"] == 1_790_784_000_000


@pytest.mark.parametrize(
    ("body", "bad"),
    [
        ({}, ["by", "do"]),
        ({"by": "eve", "do": "guess"}, ["by", "do"]),
        ({"by": "bob", "do": "action", "text": 7, "due": "soon"}, ["due", "text"]),
        ({"by": "bob", "do": "done", "action": "one"}, ["action"]),
        ({"by": "bob", "do": "close", "result": "great"}, ["result"]),
        ({"by": "bob", "do": "note", "text": "x" * 501, "colour": "red"}, ["colour", "text"]),
    ],
)
async def test_every_field_that_is_wrong_is_named(
    rig: Rig, body: dict[str, Any], bad: list[str]
) -> None:
    """And nothing is recorded."""
    answer = await rig.post(f"/api/v1/investigations/{ID}", body)
    assert answer.status_code == 400
    assert [field["name"] for field in answer.json()["parameters"]] == bad
    assert rig.writer.records == []


async def test_records_survive_the_way_into_json(rig: Rig) -> None:
    """What Redis holds is what was stored."""
    raw = msgspec.json.encode(rig.store.records[ID])
    assert msgspec.json.decode(raw, type=Investigation) == rig.store.records[ID]
