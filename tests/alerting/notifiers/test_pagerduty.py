"""PagerDuty hears of one incident an episode."""

import pytest

from alerting.core.shapes import Severity
from alerting.core.telling import NoticeKind
from alerting.message import Message
from alerting.notifiers.base import Failed, Sent, Tools, digest
from alerting.notifiers.pagerduty import LONGEST_EVENT, PagerDuty
from alerting.notifiers.pagerduty import event as made
from tests.alerting.loopback import Loopback
from tests.alerting.telling import event, notice, parcel

KEY = "R0123456789ABCDEF0123456789abcde"


def at(server: Loopback) -> str:
    """Returns an address at the loopback server."""
    return f"pagerduty://{KEY}?api=http://{server.address}"


async def test_a_fire_triggers(tools: Tools, server: Loopback) -> None:
    """The whole event, as the API documents it."""
    links = {"runbook": "https://example.org/rb", "acknowledge": "https://p.example/a?t=x"}
    outcome = await PagerDuty(tools).send(at(server), parcel(links=links))

    assert outcome == Sent()
    [request] = server.requests
    assert request.path == "/v2/enqueue"
    assert request.json == {
        "routing_key": KEY,
        "event_action": "trigger",
        "dedup_key": event().episode,
        "client": "Pouls",
        "payload": {
            "summary": "Critical · 25 % give up in sav",
            "source": "queue:sav",
            "severity": "critical",
            "timestamp": "2027-01-15T08:00:00.000Z",
            "component": "queue:sav",
            "group": "abandonment",
            "class": "abandonment_rate",
            "custom_details": {
                "kpi": "abandonment_rate", "window": "30m", "value": 0.3, "unit": "ratio", "n": 30,
                "part": 9, "whole": 30, "threshold": 0.25, "clear": 0.18, "target": 0.05,
                "formula": "short_excluded", "text": "the text",
            },
        },
        "links": [
            {"href": "https://example.org/rb", "text": "Runbook"},
            {"href": "https://p.example/a?t=x", "text": "Acknowledge in Pouls"},
        ],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "item", "action"),
    [
        ("fire", "fire", "trigger"),
        ("worse", "escalate", "trigger"),
        ("reminder", "fire", "trigger"),
        ("escalation", "reopen", "trigger"),
        ("ack", "ack", "acknowledge"),
        ("resolve", "resolve", "resolve"),
        ("resolve", "close", "resolve"),
        ("fire", "resolve", "resolve"),
    ],
)
async def test_each_kind_has_its_action(
    tools: Tools, server: Loopback, kind: NoticeKind, item: str, action: str
) -> None:
    """One key for the whole of an episode."""
    told = notice(kind, event(item))  # type: ignore[arg-type]
    await PagerDuty(tools).send(at(server), parcel(told))

    body = server.requests[0].json
    assert (body["event_action"], body["dedup_key"]) == (action, event().episode)
    assert ("payload" in body) == (action == "trigger")


async def test_a_test_leaves_nothing_open(tools: Tools, server: Loopback) -> None:
    """An incident is opened and closed at once."""
    outcome = await PagerDuty(tools).send(at(server), parcel(notice("test")))

    assert outcome == Sent()
    actions = [(r.json["event_action"], r.json["dedup_key"]) for r in server.requests]
    assert actions == [("trigger", parcel(notice("test")).key), ("resolve", actions[0][1])]


async def test_a_refused_test_is_not_closed(tools: Tools, server: Loopback) -> None:
    """There is nothing to close."""
    server.script.append(400)

    outcome = await PagerDuty(tools).send(at(server), parcel(notice("test")))

    assert outcome == Failed(why="status 400", final=True)
    assert len(server.requests) == 1


def test_a_warning_is_a_warning() -> None:
    """Severities have PagerDuty's names."""
    item = event(severity=Severity.WARNING)

    assert made(KEY, parcel(notice("fire", item)), "trigger")["payload"]["severity"] == "warning"


def test_a_long_key_is_its_digest() -> None:
    """PagerDuty takes 255 characters."""
    item = event(episode="x" * 256)

    assert made(KEY, parcel(notice("fire", item)), "resolve")["dedup_key"] == digest("x" * 256)


def test_a_long_summary_is_cut() -> None:
    """At 1,024 characters."""
    long = parcel(message=Message("é" * 1025, "", "", ""))

    summary = made(KEY, long, "trigger")["payload"]["summary"]
    assert summary == "é" * 1023 + "…"


async def test_too_large_an_event_loses_its_details(tools: Tools, server: Loopback) -> None:
    """The page arrives all the same."""
    large = parcel(message=Message("subject", "", "x" * LONGEST_EVENT, ""))

    assert await PagerDuty(tools).send(at(server), large) == Sent()
    payload = server.requests[0].json["payload"]
    assert payload["summary"] == "subject"
    assert "custom_details" not in payload


@pytest.mark.parametrize(
    ("url", "says"),
    [
        (f"pagerduty://{KEY}", ""),
        (f"pagerduty://{KEY}?region=eu", ""),
        (f"pagerduty://{KEY}?region=mars", "region is none of us, eu"),
        (f"pagerduty://{KEY}?regio=eu", "'regio' is none of region, api"),
        (f"pagerduty://{KEY}?api=ftp://x", "api is no http:// or https:// address"),
        ("pagerduty://", "is not written like pagerduty://ROUTING_KEY"),
        (f"pagerduty://{KEY}/x", "is not written like pagerduty://ROUTING_KEY"),
    ],
)
def test_addresses_are_looked_at(tools: Tools, url: str, says: str) -> None:
    """A mistake has its sentence, without the key."""
    assert PagerDuty(tools).complaint(url) == says


async def test_a_bad_address_is_final(tools: Tools) -> None:
    """Nothing is sent anywhere."""
    outcome = await PagerDuty(tools).send("pagerduty://", parcel())

    assert outcome == Failed(why="is not written like pagerduty://ROUTING_KEY", final=True)


def test_what_it_cannot_tell(tools: Tools) -> None:
    """An acknowledgement taken back, and what is only said."""
    wants = PagerDuty(tools).wants

    assert wants("ack")
    assert not wants("unack")
    assert not wants("announcement")
