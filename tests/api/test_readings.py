"""`/api/v1/readings`: the last tick, and the past from the store."""

from pathlib import Path
from typing import Any

import pytest

from streams.core.kpis import KPIS
from tests.api.rig import Rig, call, event, ms


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """Two sources, two queues: at 10:00 one customer waits, support has answered 3 of 4 calls."""
    rig = Rig(tmp_path)
    rig.send(
        "calls-0",
        *call("a", "support", "09:01:00", wait_s=10, talk_s=100),
        *call("b", "support", "09:02:00", wait_s=30, talk_s=200),
        event("w", "09:59:30", "queued", queue="sales"),
    )
    rig.send(
        "calls-1",
        *call("c", "support", "09:16:00", wait_s=20, talk_s=300),
        *call("d", "support", "09:40:00", wait_s=50, talk_s=None),
    )
    rig.tick("10:00:00")
    return rig


async def get(rig: Rig, query: str, status: int = 200) -> Any:
    """Returns the body of an answer."""
    async with rig.client() as client:
        answer = await client.get(f"/api/v1/readings?{query}")
    assert answer.status_code == status, answer.text
    return answer.json()


async def values(rig: Rig, query: str) -> dict[str, Any]:
    """Returns `segment kpi window` → value."""
    found = (await get(rig, query))["readings"]
    return {f"{r['segment']} {r['kpi']} {r['window']}": r["value"] for r in found}


async def mistakes(rig: Rig, query: str) -> dict[str, str]:
    """Returns what is wrong with a query, by parameter."""
    return {p["name"]: p["message"] for p in (await get(rig, query, 400))["parameters"]}


async def test_without_parameters_all_kpis_of_the_site_are_told_now_and_today(rig: Rig) -> None:
    """Each once."""
    found = (await get(rig, ""))["readings"]

    assert sorted(r["kpi"] for r in found) == sorted(KPIS)
    assert {r["segment"] for r in found} == {"site"}
    assert {r["window"] for r in found} == {"live", "today"}


async def test_a_reading_carries_what_it_takes_to_trust_it(rig: Rig) -> None:
    """Value, n, part and whole, bounds, formula, target, status, freshness."""
    body = await get(rig, "segment=queue:support&kpi=service_level&window=today")

    assert body["as_of"] == "2026-11-24T08:40:50Z"
    assert body["now"] == "2026-11-24T09:00:00Z"
    assert len(body["readings"]) == 1
    reading = body["readings"][0]
    assert reading | {"low": 0, "high": 0} == {
        "segment": "queue:support", "kpi": "service_level", "window": "today",
        "value": 0.5, "n": 4, "part": 2, "whole": 4, "low": 0, "high": 0, "unit": "ratio",
        "status": "none", "formula": "SL-B", "as_of": "2026-11-24T08:40:50Z", "since": None,
        "target": {
            "low": 0.8, "high": None, "warning_low": 0.64, "warning_high": None, "minimum_n": 20,
        },
        "provisional": True, "revised": False, "rebuilding": False,
    }  # fmt: skip
    assert 0 < reading["low"] < 0.5 < reading["high"] < 1


async def test_lists_and_patterns_expand_in_the_order_asked(rig: Rig) -> None:
    """By comma or repetition; live KPIs have no other window than `live`."""
    found = await values(
        rig, "segment=queue:*&segment=site&kpi=offered,waiting&window=30m&window=2h"
    )

    assert found == {
        "queue:sales offered 30m": 1,
        "queue:sales offered 2h": 1,
        "queue:sales waiting live": 1,
        "queue:support offered 30m": 1,
        "queue:support offered 2h": 4,
        "queue:support waiting live": 0,
        "site offered 30m": 2,
        "site offered 2h": 5,
        "site waiting live": 1,
    }


async def test_a_plus_in_a_segment_needs_no_encoding(rig: Rig) -> None:
    """And parts may stand in any order."""
    found = await values(rig, "segment=queue:support+channel:voice&kpi=answered&window=today")

    assert found == {"channel:voice+queue:support answered today": 3}


async def test_the_longest_wait_says_since_when(rig: Rig) -> None:
    """Half a minute at ten."""
    reading = (await get(rig, "kpi=wait_longest"))["readings"][0]

    assert (reading["value"], reading["since"]) == (30.0, "2026-11-24T08:59:30Z")


async def test_no_data_is_null_and_a_count_of_nothing_is_zero(rig: Rig) -> None:
    """A queue that nobody ever spoke of has not even a count."""
    found = await values(rig, "segment=queue:sales,queue:moon&kpi=answered,wait_mean&window=today")

    assert found == {
        "queue:sales answered today": 0,
        "queue:sales wait_mean today": None,
        "queue:moon answered today": None,
        "queue:moon wait_mean today": None,
    }


async def test_every_bad_parameter_is_named_at_once(rig: Rig) -> None:
    """With a sentence each."""
    found = await mistakes(rig, "segment=moon&kpi=beauty&window=31x&at=then&colour=red")

    assert set(found) == {"segment", "kpi", "window", "at", "colour"}
    assert all(found.values())


@pytest.mark.parametrize(
    ("query", "name", "part"),
    [
        ("kpi=offered&window=live", "window", "offered needs a window"),
        ("segment=agent:a-support&kpi=handled&window=30m", "window", "agent:a-support"),
        ("kpi=waiting&at=2026-11-24T08:00:00Z", "at", "no past"),
        ("window=live&at=2026-11-24T08:00:00Z", "at", "no past"),
        ("kpi=offered&at=2026-11-24T09:00:01Z", "at", "in the future: now is 2026-11-24T09:00:00Z"),
        (
            "kpi=offered&window=today&at=2026-11-24T08:59:59Z",
            "at",
            "until 2026-11-24T22:59:59.999Z",
        ),
        ("kpi=offered&window=interval&at=2026-11-24T08:15:00Z", "at", "still running"),
        ("kpi=offered&window=2h&at=2026-11-24T08:14:59Z", "at", "still running"),
        ("kpi=offered&window=day:2019-01-01", "window", "not held"),
        ("segment=agent:a-support&kpi=handled&window=200d", "window", "not held"),
        ("segment=agent:*&kpi=handled", "segment", "name the agent (agent:A) or the team"),
        ("segment=queue:support%2Bagent:*&kpi=handled", "segment", "private"),
        ("segment=team:*/agent:*&kpi=handled", "segment", "does not name one team"),
    ],
)
async def test_what_cannot_be_told_is_refused_with_a_sentence(
    rig: Rig, query: str, name: str, part: str
) -> None:
    """400 names the parameter."""
    assert part in (await mistakes(rig, query))[name]


async def test_too_many_readings_at_once_are_refused(rig: Rig) -> None:
    """Rather than to keep everybody waiting."""
    windows = ",".join(f"{i}m" for i in range(1, 76))
    segments = ",".join(f"queue:{i}" for i in range(10))

    assert (
        "at most 10000" in (await mistakes(rig, f"segment={segments}&window={windows}"))["segment"]
    )


async def test_the_past_is_told_where_every_bucket_had_closed(rig: Rig) -> None:
    """The quarter hour 09:00, from its last millisecond on; two hours of whole quarters."""
    at = "2026-11-24T08:14:59.999Z"
    found = await values(
        rig, f"segment=queue:support&kpi=offered,wait_mean&window=interval,2h&at={at}"
    )

    assert found == {
        "queue:support offered interval": 2,
        "queue:support offered 2h": 2,
        "queue:support wait_mean interval": 20.0,
        "queue:support wait_mean 2h": 20.0,
    }


async def test_windows_older_than_the_board_holds_are_made_of_stored_days(tmp_path: Path) -> None:
    """A week that ends now; a day of last week; that day's readings are final."""
    rig = Rig(tmp_path)
    for day, n in (("2026-11-18", 2), ("2026-11-23", 3), ("2026-11-24", 1)):
        for i in range(n):
            rig.send(
                "calls-0", *call(f"{day}-{i}", "support", f"{day}T09:00:00", wait_s=5, talk_s=60)
            )
    rig.tick("12:00:00")

    assert await values(rig, "kpi=offered&window=7d,2d,day:2026-11-18,day:2026-11-19") == {
        "site offered 7d": 6,
        "site offered 2d": 4,
        "site offered day:2026-11-18": 2,
        "site offered day:2026-11-19": 0,
    }
    readings = (await get(rig, "kpi=offered&window=7d,day:2026-11-18"))["readings"]
    assert [r["provisional"] for r in readings] == [True, False]


async def test_a_day_of_the_past_can_be_told_at_its_end(tmp_path: Path) -> None:
    """`today` at the last millisecond of yesterday is yesterday."""
    rig = Rig(tmp_path)
    rig.send("calls-0", *call("y", "support", "2026-11-23T09:00:00", wait_s=5, talk_s=60))
    rig.send("calls-0", *call("t", "support", "09:00:00", wait_s=5, talk_s=60))
    rig.tick("12:00:00")
    at = "at=2026-11-23T22:59:59.999Z"

    assert await values(rig, f"kpi=handled&window=today,day:2026-11-23&{at}") == {
        "site handled today": 1,
        "site handled day:2026-11-23": 1,
    }


async def test_redis_away_is_said_where_the_past_is_asked_for(rig: Rig) -> None:
    """503 with a sentence; what the board holds is told all the same."""
    rig.store.away = True

    assert (await get(rig, "kpi=offered&window=7d", 503))["error"] == "Redis: gone fishing"
    assert await values(rig, "kpi=offered&window=today") == {"site offered today": 5}


async def test_between_two_ticks_nothing_changes(rig: Rig) -> None:
    """What the store said meanwhile comes with the next."""
    before = await get(rig, "")
    rig.send("calls-0", *call("e", "support", "10:00:01", wait_s=1, talk_s=1))

    assert await get(rig, "") == before
    rig.tick()
    assert await values(rig, "kpi=offered&window=today") == {"site offered today": 6}
    assert (await get(rig, ""))["now"] == "2026-11-24T09:00:03Z"
    assert rig.parts.board.now_ms == ms("10:00:03")
