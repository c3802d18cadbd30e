"""Reading alerts, and doing something about them."""

import asyncio
from typing import Any
from urllib.parse import quote

import pytest

from alerting.core.shapes import Key, Severity
from alerting.core.telling import Matcher, Quiet
from alerting.store import Told
from alerting.web import http
from alerting.web.alerts import refusal
from alerting.web.fields import BODY
from tests.alerting.web.rig import EPISODE, NOW_MS, SAV, Rig, ack, event, facts, instance, over

PATH = f"/api/v1/alerts/{EPISODE}"
AGENT = Key("adherence", "agent:7")
CHOICES = [
    ({}, ["queue:sav", "queue:b"]),
    ({"segment": "queue:b"}, ["queue:b"]),
    ({"segment": "queue:*"}, ["queue:sav", "queue:b"]),
    ({"segment": "agent:7"}, ["agent:7"]),
    ({"segment": "team:t/agent:*"}, ["agent:7"]),
    ({"segment": "queue:b,agent:7"}, ["queue:b", "agent:7"]),
    ({"segment": "team:other/agent:*"}, []),
    ({"rule": "backlog"}, []),
    ({"severity": "critical"}, ["queue:sav"]),
    ({"severity": "critical,warning"}, ["queue:sav", "queue:b"]),
    ({"severity": ""}, ["queue:sav", "queue:b"]),
]


@pytest.fixture
def rig() -> Rig:
    """Three alerts, one of them about an agent of team t."""
    rig = Rig()
    rig.store.show(
        instance(severity=Severity.CRITICAL),
        instance("queue:b"),
        instance("agent:7", rule="adherence"),
        quiet=[
            Quiet(
                id=name, kind="silence", match=Matcher(segments=(segment,)), from_ms=NOW_MS,
                until_ms=NOW_MS + 60_000, by="ana",
            )
            for name, segment in (("q", "queue:*"), ("a", "agent:7"))
        ],
    )  # fmt: skip
    rig.host.teams["t"] = ["7"]
    return rig


# -- reading


async def test_what_is_shown_is_what_walls_get(rig: Rig) -> None:
    """The same document, without what single agents do."""
    body = (await rig.get("/api/v1/alerts")).json()

    assert [row["segment"] for row in body["alerts"]] == ["queue:sav", "queue:b"]
    assert [row["id"] for row in body["quiet"]] == ["q"]
    assert body["leader"] is True
    assert body["as_of"] == NOW_MS / 1000


@pytest.mark.parametrize(("params", "segments"), CHOICES)
async def test_alerts_are_chosen(rig: Rig, params: dict[str, str], segments: list[str]) -> None:
    """Agents only by name, their own or their team's."""
    body = (await rig.get("/api/v1/alerts", **params)).json()

    assert sorted(row["segment"] for row in body["alerts"]) == sorted(segments)


@pytest.mark.parametrize(
    "segment", ["agent:*", "queue:x+agent:*", "team:*/agent:*", "queue:x/agent:*", "nonsense:1"]
)
@pytest.mark.parametrize("path", ["/api/v1/alerts", "/api/v1/alerts/history", "/api/v1/silences"])
async def test_nobody_lists_agents(rig: Rig, path: str, segment: str) -> None:
    """400 says how to ask."""
    answer = await rig.get(path, segment=segment)

    assert answer.status_code == 400
    assert [p["name"] for p in answer.json()["parameters"]] == ["segment"]


async def test_what_there_is_not_cannot_be_chosen(rig: Rig) -> None:
    """A severity or a rule that is spelt wrong is not the same as no alert."""
    answer = await rig.get("/api/v1/alerts", severity="critical,foo", rule="backlogg")

    assert answer.status_code == 400
    assert answer.json()["parameters"] == [
        {"name": "rule", "message": "'backlogg' is no rule"},
        {"name": "severity", "message": "'foo' is none of warning, critical"},
    ]


async def test_history_tells_events_with_their_reasons(rig: Rig) -> None:
    """Of the last day, without those of agents."""
    rig.store.events = [
        event("fire", NOW_MS - 90_000_000),
        event("fire", NOW_MS - 300_000),
        event("ack", NOW_MS - 200_000, by="ana", note="on it", reason="person"),
        event("fire", NOW_MS - 100_000, key=AGENT, episode="adherence|agent:7|1"),
        event("resolve", NOW_MS - 50_000, reason="clear", key=Key("gone", "queue:b")),
    ]
    events = (await rig.get("/api/v1/alerts/history")).json()["events"]

    assert [(e["kind"], e["reason"], e["by"]) for e in events] == [
        ("fire", "breach", None), ("ack", "person", "ana"), ("resolve", "clear", None),
    ]  # fmt: skip
    assert events[0]["at"] == "2026-09-21T14:08:20Z"
    assert (events[0]["segment"], events[0]["severity"]) == ("queue:sav", "warning")
    assert events[0]["title"]["fr"] != events[0]["title"]["en"]
    assert events[2]["title"]["en"].startswith("gone")
    named = (await rig.get("/api/v1/alerts/history", segment="agent:7")).json()["events"]
    assert [e["segment"] for e in named] == ["agent:7"]
    of_rule = (await rig.get("/api/v1/alerts/history", rule="gone")).json()["events"]
    assert [e["rule"] for e in of_rule] == ["gone"]


@pytest.mark.parametrize(
    ("params", "bad"),
    [
        ({"from": "yesterday"}, ["from"]),
        ({"from": "2026-09-21T10:00:00"}, ["from"]),
        ({"from": "2026-09-22", "to": "2026-09-21"}, ["from"]),
        ({"from": "2026-01-01", "to": "2026-09-21"}, ["from"]),
        ({"to": "2026-09-21,2026-09-22", "colour": "red"}, ["colour", "to"]),
        ({"from": ""}, ["from"]),
    ],
)
async def test_every_bad_parameter_is_named(
    rig: Rig, params: dict[str, str], bad: list[str]
) -> None:
    """With a sentence."""
    answer = await rig.get("/api/v1/alerts/history", **params)

    assert answer.status_code == 400
    assert [p["name"] for p in answer.json()["parameters"]] == bad


async def test_history_begins_at_local_midnights(rig: Rig) -> None:
    """Of the operation's time zone."""
    rig.store.events = [
        event("fire", 1_789_941_599_999), event("fire", 1_789_941_600_000)  # midnight in Paris
    ]  # fmt: skip
    params = {"from": "2026-09-21", "to": "2026-09-22"}

    events = (await rig.get("/api/v1/alerts/history", **params)).json()["events"]
    assert [e["at"] for e in events] == ["2026-09-20T22:00:00Z"]


async def test_an_alert_is_told_with_events_who_was_told_and_notes(rig: Rig) -> None:
    """Everything about one episode, also of an agent: it is named."""
    rig.store.events = [
        event("fire", NOW_MS - 300_000),
        event("ack", NOW_MS - 200_000, by="ana", note="on it"),
        event("note", NOW_MS - 100_000, by="bob", note="trunk down"),
        event("fire", NOW_MS - 100, episode="other|queue:x|1"),
    ]
    rig.store.known_told[EPISODE] = {
        address: Told(kind="fire", severity=Severity.WARNING, clock_ms=at, key="k")
        for address, at in (("bob/mail", NOW_MS - 1), ("ana/page", NOW_MS - 2))
    }
    body = (await rig.get(PATH)).json()

    assert body["episode"] == EPISODE
    assert body["alert"]["state"] == "firing"
    assert [e["kind"] for e in body["events"]] == ["fire", "ack", "note"]
    assert [t["address"] for t in body["told"]] == ["ana/page", "bob/mail"]
    assert [(n["by"], n["kind"], n["note"]) for n in body["notes"]] == [
        ("ana", "ack", "on it"), ("bob", "note", "trunk down"),
    ]  # fmt: skip
    assert (await rig.get("/api/v1/alerts/nothing")).status_code == 404


# -- acts


async def act(rig: Rig, what: str, body: Any) -> Any:
    """Returns the answer to an act."""
    return await rig.post(f"{PATH}/{what}", body)


@pytest.mark.parametrize("kind", ["ack", "unack", "note"])
async def test_an_act_is_recorded_and_taken_in(rig: Rig, kind: str) -> None:
    """200, when the leader has said so."""
    answer = await act(rig, kind, {"by": "ana", "note": "on it"})

    (record,) = rig.writer.records
    assert answer.status_code == 200
    assert answer.json() == {"recorded": True, "taken_in": True, "act": record.id}
    assert (record.kind, record.object, record.by, record.note) == (kind, EPISODE, "ana", "on it")


async def test_a_refusal_is_told_in_the_words_of_the_machine(rig: Rig) -> None:
    """409."""
    rig.writer.outcome = "nobody has acknowledged it"
    answer = await act(rig, "unack", {"by": "ana"})

    assert answer.status_code == 409
    assert answer.json()["error"] == "nobody has acknowledged it"


async def test_without_a_leader_it_is_recorded_all_the_same(rig: Rig) -> None:
    """202: it will be taken in."""
    rig.writer.outcome = None
    answer = await act(rig, "ack", {"by": "ana"})

    assert answer.status_code == 202
    assert answer.json()["taken_in"] is False
    assert len(rig.writer.records) == 1


async def test_a_leader_may_take_its_time(rig: Rig) -> None:
    """It is asked again and again."""
    rig.writer.outcome = None

    async def lead() -> None:
        while not rig.writer.records:  # noqa: ASYNC110  nobody rings
            await asyncio.sleep(0.001)
        rig.store.outcomes[rig.writer.records[0].id] = ""

    _, answer = await asyncio.gather(lead(), act(rig, "ack", {"by": "ana"}))
    assert answer.status_code == 200


async def test_redis_away_meanwhile_is_no_reason_to_say_that_nothing_was_recorded(
    rig: Rig,
) -> None:
    """It is in Kafka."""
    await rig.look()
    rig.store.away = True
    async with rig.client() as client:
        answer = await client.post(f"{PATH}/ack", json={"by": "ana"})

    assert answer.status_code == 202


async def test_kafka_away_is_503(rig: Rig) -> None:
    """Nobody knows whether it was recorded."""
    rig.writer.away = True
    answer = await act(rig, "ack", {"by": "ana"})

    assert answer.status_code == 503
    assert "Kafka" in answer.json()["error"]


async def test_redis_away_is_503_where_something_is_read(rig: Rig) -> None:
    """What is shown is known still."""
    await rig.look()
    rig.store.away = True
    async with rig.client() as client:
        history = await client.get("/api/v1/alerts/history")
        shown = await client.get("/api/v1/alerts")

    assert [history.status_code, shown.status_code] == [503, 200]


@pytest.mark.parametrize(
    ("what", "body", "bad"),
    [
        ("ack", {}, ["by"]),
        ("ack", {"by": "eve"}, ["by"]),
        ("ack", {"by": ""}, ["by"]),
        ("ack", {"by": 1, "note": 2}, ["by", "note"]),
        ("ack", {"by": "ana", "note": "x" * 501}, ["note"]),
        ("ack", {"by": "ana", "note": "\x00"}, ["note"]),
        ("ack", {"by": "ana", "colour": "red"}, ["colour"]),
        ("note", {"by": "ana"}, ["note"]),
        ("note", {"by": "ana", "note": "  "}, ["note"]),
        ("note", {"by": "ana", "note": "x" * 501}, ["note"]),
        ("snooze", {"by": "ana"}, ["until"]),
        ("snooze", {"by": "ana", "for": "5m", "until": "2026-09-21T15:00:00Z"}, ["until"]),
        ("snooze", {"by": "ana", "for": "soon"}, ["for"]),
        ("snooze", {"by": "ana", "for": 5}, ["for"]),
        ("snooze", {"by": "ana", "for": "0s"}, ["for"]),
        ("snooze", {"by": "ana", "for": "8d"}, ["for"]),
        ("snooze", {"by": "eve", "until": "2026-09-21T10:00:00Z"}, ["by", "until"]),
        ("snooze", {"by": "ana", "until": 1_790_000_100}, ["until"]),
        ("resolve", {"by": "eve"}, ["by"]),
        ("ack", [], ["body"]),
        ("ack", "ana", ["body"]),
    ],
)  # fmt: skip
async def test_every_bad_field_is_named_and_nothing_recorded(
    rig: Rig, what: str, body: Any, bad: list[str]
) -> None:
    """With a sentence each."""
    answer = await act(rig, what, body)

    assert answer.status_code == 400
    assert [p["name"] for p in answer.json()["parameters"]] == bad
    assert all(p["message"] for p in answer.json()["parameters"])
    assert rig.writer.records == []


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b"[" * 60_000, b'{"by":"' + b"x" * BODY])
async def test_what_is_no_json_is_refused(rig: Rig, raw: bytes) -> None:
    """And what is too long is not read to its end."""
    async with rig.client() as client:
        answer = await client.post(f"{PATH}/ack", content=raw)

    assert answer.status_code == 400
    assert answer.json()["parameters"][0]["name"] == "body"


async def test_a_snooze_ends_by_redis_time(rig: Rig) -> None:
    """`for` counts from now, whatever this machine's clock says."""
    await act(rig, "snooze", {"by": "ana", "for": "30m"})
    await act(rig, "snooze", {"by": "ana", "until": "2026-09-21T17:00:00+02:00"})

    spans = [r.until_ms - NOW_MS for r in rig.writer.records if r.until_ms]
    assert spans == [1_800_000, 2_800_000]


async def test_nobody_resolves_an_alert_by_hand(rig: Rig) -> None:
    """409 in the words of the machine, and nothing is recorded."""
    answer = await act(rig, "resolve", {"by": "ana"})

    assert answer.status_code == 409
    assert answer.json()["error"] == refusal("e", "ana", "")
    assert "snooze" in answer.json()["error"]
    assert rig.writer.records == []


async def test_without_a_roster_anybody_says_who_he_is() -> None:
    """There is nothing to compare with."""
    rig = Rig(roster=None)
    rig.store.show(instance())

    assert (await act(rig, "ack", {"by": "whoever"})).status_code == 200


async def test_what_is_over_can_be_acknowledged(rig: Rig) -> None:
    """It is noted, says the machine."""
    rig.store.show(over())

    assert (await act(rig, "ack", {"by": "ana"})).status_code == 200


async def test_an_episode_with_odd_names_is_found(rig: Rig) -> None:
    """Encoded signs of a segment are no part of the address."""
    odd = "queue:a%2Fb%7C é"
    rig.store.show(instance(odd, ack=ack()))
    episode = f"longest_wait|{odd}|{NOW_MS - 300_000}"
    await rig.look()
    async with rig.client() as client:
        answer = await client.get(f"/api/v1/alerts/{quote(episode, safe='')}")

    assert answer.status_code == 200
    assert answer.json()["episode"] == episode


def test_handlers_keep_their_names() -> None:
    """For whoever lists routes."""

    async def shown(_: Any) -> Any:
        """What it does."""

    assert http.handled(shown).__name__ == "shown"
    assert facts().segment == SAV.segment
