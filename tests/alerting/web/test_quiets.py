"""Silences and maintenance."""

from typing import Any, Literal

import pytest

from alerting.core.telling import Matcher, Quiet
from tests.alerting.web.rig import NOW_MS, Rig

MATCH = {"rules": ["longest_wait"], "segments": ["queue:*"], "severity": "warning"}
SILENCE = {"by": "ana", "note": "works", "match": MATCH, "for": "2h"}
HOUR_MS = 3_600_000


async def test_a_silence_has_author_end_and_reason() -> None:
    """And an id, which the answer tells."""
    rig = Rig()
    answer = await rig.post("/api/v1/silences", SILENCE)

    (record,) = rig.writer.records
    body = answer.json()
    assert answer.status_code == 200
    assert (body["recorded"], body["taken_in"]) == (True, True)
    assert (record.kind, record.object, record.by) == ("silence", body["id"], "ana")
    assert record.quiet == Quiet(
        id=body["id"], kind="silence",
        match=Matcher(rules=("longest_wait",), segments=("queue:*",), severity="warning"),
        from_ms=NOW_MS, until_ms=NOW_MS + 2 * HOUR_MS, by="ana", note="works",
    )  # fmt: skip


async def test_maintenance_says_whom_to_tell() -> None:
    """Before and after."""
    rig = Rig()
    body = {
        "by": "bob", "match": {"segments": ["channel:voice"]}, "from": "2026-09-21T16:00:00Z",
        "until": "2026-09-21T18:00:00Z", "announce": ["duty:floor/mail", "channel:room"],
        "before": "30m",
    }  # fmt: skip
    assert (await rig.post("/api/v1/maintenance", body)).status_code == 200

    (record,) = rig.writer.records
    assert record.quiet is not None
    assert record.kind == record.quiet.kind == "maintenance"
    assert record.quiet.until_ms - record.quiet.from_ms == 2 * HOUR_MS
    assert record.quiet.announce == ("duty:floor/mail", "channel:room")
    assert record.quiet.before_ms == HOUR_MS // 2


@pytest.mark.parametrize(
    ("change", "bad"),
    [
        ({"by": None}, ["by"]),
        ({"by": "eve"}, ["by"]),
        ({"for": None}, ["until"]),
        ({"for": "31d"}, ["for"]),
        ({"for": None, "until": "2026-09-21T14:00:00Z"}, ["until"]),
        ({"for": None, "until": "2026-11-01T00:00:00Z"}, ["until"]),
        ({"match": None}, ["match"]),
        ({"match": {}}, ["match"]),
        ({"match": {"rules": []}}, ["match.rules"]),
        ({"match": {"rules": "longest_wait"}}, ["match.rules"]),
        ({"match": {"rules": ["no_such_rule", "longest_wait"]}}, ["match.rules"]),
        ({"match": {"segments": ["nonsense:1"]}}, ["match.segments"]),
        ({"match": {"segments": ["queue:a"] * 51}}, ["match.segments"]),
        ({"match": {"severity": "bad", "colour": 1}}, ["match.colour", "match.severity"]),
        ({"from": "2026-09-21T10:00:00Z"}, ["from"]),
        ({"from": "2028-09-21T10:00:00Z"}, ["from"]),
        ({"note": "x" * 501}, ["note"]),
        ({"announce": ["duty:floor/mail"]}, ["announce"]),
        ({"by": None, "match": {}, "for": "0s", "note": 7}, ["by", "for", "match", "note"]),
    ],
)
async def test_every_bad_field_of_a_silence_is_named(
    change: dict[str, Any], bad: list[str]
) -> None:
    """And nothing is recorded: no silence of everything, none for ever."""
    rig = Rig()
    answer = await rig.post("/api/v1/silences", SILENCE | change)

    assert answer.status_code == 400
    assert [p["name"] for p in answer.json()["parameters"]] == bad
    assert rig.writer.records == []


@pytest.mark.parametrize(
    "announce",
    ["duty:floor/mail", ["duty:floor"], ["person:a b/mail"], ["mailto:x"], [7], ["channel:x"] * 21],
)  # fmt: skip
async def test_only_those_who_can_be_told_are_told_of_maintenance(announce: Any) -> None:
    """Never an address."""
    rig = Rig()
    answer = await rig.post("/api/v1/maintenance", SILENCE | {"announce": announce})

    assert [p["name"] for p in answer.json()["parameters"]] == ["announce"]


@pytest.mark.parametrize("path", ["/api/v1/silences", "/api/v1/maintenance"])
async def test_a_quiet_time_can_be_ended(path: str) -> None:
    """By whom is recorded."""
    rig = Rig()
    answer = await rig.post(f"{path}/q1/end", {"by": "bob", "note": "done"})

    (record,) = rig.writer.records
    assert answer.status_code == 200
    assert (record.kind, record.object, record.by, record.note) == (
        "unsilence",
        "q1",
        "bob",
        "done",
    )
    assert (await rig.post(f"{path}/q1/end", {})).status_code == 400


def quiet(id_: str, kind: Literal["silence", "maintenance"], segment: str) -> Quiet:
    """Returns a quiet time that has begun."""
    match = Matcher(segments=(segment,))
    until_ms = NOW_MS + 1000
    return Quiet(id=id_, kind=kind, match=match, from_ms=NOW_MS, until_ms=until_ms, by="ana")


async def test_lists_tell_what_has_not_ended_and_name_no_agents() -> None:
    """Each its own kind."""
    rig = Rig()
    rig.store.show(
        quiet=[
            quiet("s", "silence", "queue:a"),
            quiet("m", "maintenance", "queue:a"),
            quiet("a", "silence", "agent:7"),
        ]
    )
    silences = (await rig.get("/api/v1/silences")).json()["silences"]
    maintenance = (await rig.get("/api/v1/maintenance")).json()["maintenance"]
    named = (await rig.get("/api/v1/silences", segment="agent:7")).json()["silences"]

    assert [q["id"] for q in silences] == ["s"]
    assert [q["id"] for q in maintenance] == ["m"]
    assert [q["id"] for q in named] == ["a", "s"]


async def test_a_silence_of_rules_needs_no_rules_to_be_known() -> None:
    """Where rule files are mistaken the API knows none."""
    rig = Rig(rules={})

    assert (await rig.post("/api/v1/silences", SILENCE)).status_code == 200
