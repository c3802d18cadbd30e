"""`/api/v1/agents` and agents' segments: for those who name an agent or a team, and nobody else."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from streams.telemetry import Telemetry, Vitals
from tests.api.rig import Rig, call

CONFIG = (
    'timezone = "Europe/Paris"\n'
    'segments = ["channel", "queue", "team", "agent", "pause", "queue+agent"]\n'
)
NAMES = ("ann.7", "bob.7", "cid.7")


def state(agent: str, at: str, name: str, **data: object) -> bytes:
    """Returns a state from a time on."""
    return _event("state", agent, at, {"state": name, **data})


def plan(agent: str, *activities: tuple[str, str, str, bool]) -> bytes:
    """Returns the plan of the day: start, end, activity, productive."""
    listed = [
        {"start": _time(start), "end": _time(end), "activity": activity, "productive": productive}
        for start, end, activity, productive in activities
    ]
    return _event("schedule", agent, "06:00:00", {"revision": 1, "activities": listed})


def _event(kind: str, agent: str, at: str, data: dict[str, object]) -> bytes:
    found = {"type": f"agent.{kind}", "id": f"{kind}-{agent}-{at}", "source": "t"}
    return json.dumps({**found, "subject": agent, "time": _time(at), "data": data}).encode()


def _time(at: str) -> str:
    return f"2026-11-24T{at}+01:00"


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """At 10:00: in the north one works, and one is at lunch before his time; one elsewhere."""
    rig = Rig(tmp_path, "calls-0", "agents-0", config=CONFIG)
    rig.send("calls-0", *call("a", "support", "09:01:00", wait_s=10, talk_s=100))
    shift = ("09:00:00", "12:00:00", "phones", True), ("12:00:00", "13:00:00", "lunch", False)
    rig.send(
        "agents-0",
        plan("ann.7", *shift),
        plan("bob.7", *shift),
        state("ann.7", "09:00:00", "available", team="north", queues=["support"]),
        state("bob.7", "09:10:00", "available", team="north"),
        state("bob.7", "09:50:00", "paused", team="north", reason="lunch"),
        state("cid.7", "09:55:00", "available", team="été"),
    )
    rig.tick("10:00:00")
    return rig


async def get(rig: Rig, path: str, status: int = 200) -> Any:
    """Returns the body of an answer."""
    async with rig.client() as client:
        answer = await client.get(f"/api/v1/{path}")
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_the_agents_of_a_team_are_told_as_they_are_now(rig: Rig) -> None:
    """State and since when, why paused, what is planned, the next break, out of adherence."""
    body = await get(rig, "agents?team=north")

    assert body == {
        "as_of": "2026-11-24T08:55:00Z",
        "now": "2026-11-24T09:00:00Z",
        "agents": [
            {
                "agent": "ann.7", "state": "available", "since": "2026-11-24T08:00:00Z",
                "reason": None, "team": "north", "activity": "phones",
                "next_break": "2026-11-24T11:00:00Z", "out_of_adherence_since": None,
            },
            {
                "agent": "bob.7", "state": "paused", "since": "2026-11-24T08:50:00Z",
                "reason": "lunch", "team": "north", "activity": "phones",
                "next_break": "2026-11-24T11:00:00Z",
                "out_of_adherence_since": "2026-11-24T08:50:00Z",
            },
        ],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("agent=cid.7", ["cid.7"]),
        ("agent=cid.7,ann.7&agent=cid.7", ["ann.7", "cid.7"]),
        ("team=north,e\u0301te\u0301", ["ann.7", "bob.7", "cid.7"]),
        ("agent=nobody", []),
        ("team=moon", []),
    ],
)
async def test_who_is_named_is_told(rig: Rig, query: str, names: list[str]) -> None:
    """By id, each once; of whom nothing is known nothing is told."""
    assert [a["agent"] for a in (await get(rig, f"agents?{query}"))["agents"]] == names


@pytest.mark.parametrize(
    ("query", "name"),
    [("", "team"), ("team=", "team"), ("team=*", "team"), ("agent=*", "agent"),
     ("team=north&agent=cid.7", "agent"), ("site=lyon", "site")],
)  # fmt: skip
async def test_without_a_name_nobody_is_told(rig: Rig, query: str, name: str) -> None:
    """400 says why."""
    mistakes = {
        m["name"]: m["message"] for m in (await get(rig, f"agents?{query}", 400))["parameters"]
    }

    assert name in mistakes


async def test_it_is_said_that_single_agents_are_private(rig: Rig) -> None:
    """So that nobody looks for a mistake of his own."""
    (mistake,) = (await get(rig, "agents", 400))["parameters"]

    assert mistake["message"] == "what single agents do is private: name either teams or agents"


async def test_the_agents_of_a_team_are_segments(rig: Rig) -> None:
    """In readings and in history, beside any other segment; each agent once."""
    segments = "segment=site,team:north/agent:*,agent:ann.7"
    found = (await get(rig, f"readings?{segments}&kpi=staffed_time&window=today"))["readings"]
    table = await get(rig, f"history?{segments}&kpi=staffed_time&by=interval")

    assert {r["segment"]: r["value"] for r in found} == {
        "site": 3_600 + 3_000 + 300, "agent:ann.7": 3_600, "agent:bob.7": 3_000
    }  # fmt: skip
    assert {row[1] for row in table["rows"]} == {"site", "agent:ann.7", "agent:bob.7"}
    assert [row[2] for row in table["rows"] if row[1] == "agent:ann.7"] == [900.0] * 4


@pytest.mark.parametrize("window", ["live", "interval", "today", "7d"])
@pytest.mark.parametrize(
    "segment", ["site", "channel:*", "queue:*", "team:*", "pause:*", "channel:*,queue:*,team:*"]
)
async def test_nobody_is_in_what_is_listed(rig: Rig, segment: str, window: str) -> None:
    """Whatever star is asked for; not by history either."""
    body = json.dumps(await get(rig, f"readings?segment={segment}&window={window}"))
    body += json.dumps(await get(rig, f"history?segment={segment}&by=interval"))

    assert not any(name in body for name in (*NAMES, "agent:"))


@pytest.mark.parametrize("path", ["readings?kpi=handled&window=today", "history?kpi=handled"])
@pytest.mark.parametrize(
    "segment", ["agent:*", "queue:support%2Bagent:*", "team:*/agent:*", "queue:x/agent:*",
                "agent:ann.7,agent:*"],
)  # fmt: skip
async def test_a_star_for_agents_is_refused_and_how_to_ask_is_said(
    rig: Rig, path: str, segment: str
) -> None:
    """Nobody may list the agents of all teams."""
    (mistake,) = (await get(rig, f"{path}&segment={segment}", 400))["parameters"]

    assert mistake["name"] == "segment"
    assert "name the agent (agent:A) or the team (team:T/agent:*)" in mistake["message"]


async def test_no_agent_is_in_metrics_readiness_or_logs(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither is what a request asked for."""
    caplog.set_level(logging.DEBUG)
    for path in (
        "agents?agent=ann.7",
        "readings?segment=agent:ann.7",
        "history?segment=agent:ann.7",
    ):
        await get(rig, path)
    await get(rig, "readings?segment=agent:ann.7&window=1m&kpi=handled", 400)
    telemetry = Telemetry()
    telemetry.counted("agents", rig.ledgers["agents-0"].counts)
    telemetry.folded("agents", 6, [])
    vitals = Vitals(telemetry.registry, lambda: telemetry.degraded)
    told = b"".join(vitals.answer(path)[2] for path in ("/metrics", "/readyz")).decode()
    async with rig.client() as client:
        told += (await client.get("/readyz")).text
    told += "".join(r.getMessage() for r in caplog.records if r.name.startswith("pouls"))

    assert "agents" in told
    assert not any(name in told for name in NAMES)
