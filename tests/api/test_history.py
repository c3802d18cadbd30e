"""`/api/v1/history`: the same bytes as `pouls report`, from the store."""

import json
from pathlib import Path

import pytest

from streams.core import names
from streams.core.history import parse_by
from streams.inputs import Input
from streams.report import Ask, report
from streams.report_text import as_csv, as_json
from streams.sources import BY_NAME
from tests.api.rig import Rig, call, event

KPIS = ("offered", "abandoned", "service_level", "wait_mean", "wait_p90", "handle_time_mean")
CALLS = [
    [*call("a", "support", "2026-11-23T23:50:00", wait_s=10, talk_s=1100)],
    [*call("b", "support", "09:02:00", wait_s=7, talk_s=200)],
    [*call("c", "sales", "09:16:00", wait_s=20, talk_s=301)],
    [*call("d", "support", "09:17:00", wait_s=50, talk_s=None)],
    [*call("e", "sales", "09:44:50", wait_s=31, talk_s=77)],
]


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """Two days, two queues, spread over two sources."""
    rig = Rig(tmp_path)
    for i, events in enumerate(CALLS):
        rig.send(f"calls-{i % 2}", *events)
    rig.tick()
    return rig


async def get(rig: Rig, query: str, status: int = 200, **headers: str) -> str:
    """Returns the body of an answer."""
    async with rig.client(**headers) as client:
        answer = await client.get(f"/api/v1/history?{query}")
    assert answer.status_code == status, answer.text
    return answer.text


def told(rig: Rig, tmp_path: Path, by: str, segments: str) -> tuple[str, str]:
    """Returns what `pouls report` says of the same events: CSV and JSON."""
    file = tmp_path / "events.jsonl"
    file.write_bytes(b"\n".join(event for events in CALLS for event in events))
    ask = Ask(
        inputs=(Input(BY_NAME["events"], str(file)),),
        settings=rig.settings,
        zone="Europe/Paris",
        cut=parse_by(by),
        segments=tuple(map(names.parse, segments.split(","))),
        kpis=KPIS,
    )
    made = report(ask, lambda place, why: pytest.fail(f"{place}: {why}"))
    return as_csv(made), as_json(made)


@pytest.mark.parametrize("by", ["day", "interval"])
@pytest.mark.parametrize("segments", ["site", "queue:*,site,channel:voice+queue:*"])
async def test_history_is_byte_by_byte_what_the_report_says(
    rig: Rig, tmp_path: Path, by: str, segments: str
) -> None:
    """In both formats; the events are spread over two sources here, in one file there."""
    query = f"segment={segments}&kpi={','.join(KPIS)}&by={by}"
    csv, text = told(rig, tmp_path, by, segments)

    assert len(csv.splitlines()) > 2
    assert await get(rig, query + "&format=csv") == csv
    assert await get(rig, query, accept="text/csv") == csv
    assert await get(rig, query) == text


@pytest.mark.parametrize("by", ["1m", "7m", "15m", "30s"])
async def test_minutes_are_told_as_far_back_as_they_are_held(
    rig: Rig, tmp_path: Path, by: str
) -> None:
    """Ninety of them; those are, byte by byte, the end of the report."""
    csv, _ = told(rig, tmp_path, by, "queue:*,site")
    header, *rows = csv.splitlines(keepends=True)
    held = [row for row in rows if row > "2026-11-24T08:30"]
    query = f"segment=queue:*,site&kpi={','.join(KPIS)}&by={by}&from=2026-11-24T07:30:00Z"

    assert len(held) > 5
    assert await get(rig, query + "&format=csv") == "".join([header, *held])


async def test_from_is_inclusive_and_to_exclusive(rig: Rig) -> None:
    """For buckets' starts, by the local clock or any offset."""
    query = "segment=queue:*&kpi=offered&by=interval&format=csv&from=2026-11-24T08:15:00Z"

    assert await get(rig, f"{query}&to=2026-11-24T09:30:00%2B01:00") == (
        "start,segment,offered\n"
        "2026-11-24T09:15:00+01:00,queue:sales,1\n"
        "2026-11-24T09:15:00+01:00,queue:support,1\n"
    )
    assert "09:30:00+01:00,queue:sales" in await get(rig, f"{query}&to=2026-11-24T09:30:01+01:00")
    day = "kpi=offered&format=csv&from=2026-11-23"
    assert (await get(rig, f"{day}&to=2026-11-24")).splitlines()[1:] == ["2026-11-23,site,1"]


async def test_by_default_every_kpi_of_the_site_is_told_by_day(rig: Rig) -> None:
    """All the days that are held."""
    table = json.loads(await get(rig, ""))

    assert table["columns"][:3] == ["start", "segment", "offered"]
    assert "waiting" not in table["columns"]
    assert [row[:3] for row in table["rows"]] == [
        ["2026-11-23", "site", 1], ["2026-11-24", "site", 4],
    ]  # fmt: skip


async def test_the_last_bucket_is_told_from_its_very_first_event_on(tmp_path: Path) -> None:
    """Though it began at that instant."""
    rig = Rig(tmp_path)
    rig.send("calls-0", event("x", "10:00:00", "queued", queue="support"))

    assert await get(rig, "kpi=offered&by=interval&format=csv") == (
        "start,segment,offered\n2026-11-24T10:00:00+01:00,site,1\n"
    )


async def test_columns_beside_each_kpi_on_request(rig: Rig) -> None:
    """N and status, as in the report."""
    text = await get(rig, "kpi=wait_mean&with=n,status&format=csv&from=2026-11-24")

    assert text.splitlines()[0] == "start,segment,wait_mean,wait_mean_n,wait_mean_status"


async def test_buckets_that_are_no_longer_held_are_left_out_and_that_is_said(rig: Rig) -> None:
    """By a header; nobody may take them for empty."""
    async with rig.client() as client:
        old = await client.get("/api/v1/history?by=10m&from=2026-11-23&kpi=offered")
        new = await client.get("/api/v1/history?by=10m&from=2026-11-24T08:40:00Z&kpi=offered")

    assert old.headers["pouls-held-from"].startswith("2026-11-24T07:")
    assert "pouls-held-from" not in new.headers
    assert all(row[0] >= "2026-11-24T08" for row in old.json()["rows"])


async def test_every_bad_parameter_is_named_at_once(rig: Rig) -> None:
    """With a sentence each."""
    query = "segment=moon&kpi=waiting&by=8x&from=2&to=1&with=q&format=xml&colour=red"
    found = json.loads(await get(rig, query, 400))["parameters"]

    assert {p["name"] for p in found} == {
        "segment", "kpi", "by", "from", "to", "with", "format", "colour",
    }  # fmt: skip
    assert all(p["message"] for p in found)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("from=2026-11-24&to=2026-11-24", "from"),
        ("from=2026-11-25&to=2026-11-24", "from"),
        ("segment=agent:a&by=10m", "by"),
        ("segment=team:T/agent:*&by=10m", "by"),
        ("segment=agent:*", "segment"),
        ("by=day,interval", "by"),
        (
            "by=interval&from=2026-10-20&segment=" + ",".join(f"queue:{i}" for i in range(90)),
            "from",
        ),
    ],
)
async def test_what_cannot_be_told_is_refused(rig: Rig, query: str, name: str) -> None:
    """An empty time, agents by minutes, two answers at once, too much at once."""
    assert [p["name"] for p in json.loads(await get(rig, query, 400))["parameters"]] == [name]


async def test_much_is_read_piece_by_piece_from_sources_that_have_events(tmp_path: Path) -> None:
    """So that neither Redis nor our other clients wait for one who wants a month."""
    rig = Rig(tmp_path, "calls-0", "calls-1", "chats-0")
    rig.send("calls-1", *CALLS[1])
    await get(rig, "by=interval&segment=" + ",".join(f"queue:{i}" for i in range(40)))

    assert {tuple(sources) for sources, _, _ in rig.store.asked} == {("calls-1",)}
    assert len(rig.store.asked) > 10
    assert all(buckets * segments <= 5000 for _, buckets, segments in rig.store.asked)


async def test_an_empty_store_has_a_table_without_rows(tmp_path: Path) -> None:
    """Not an error."""
    assert await get(Rig(tmp_path), "kpi=offered&format=csv") == "start,segment,offered\n"


async def test_redis_away_is_said(rig: Rig) -> None:
    """503 with a sentence."""
    rig.store.away = True

    assert json.loads(await get(rig, "", 503)) == {"error": "Redis: gone fishing"}
