"""PagerDuty, Events API v2: one incident an episode, triggered, acknowledged and resolved.

An address is `pagerduty://ROUTING_KEY`; `?region=eu` for accounts in Europe; `?api=URL` for other
servers that take such events. Documented at developer.pagerduty.com, "Events API v2".
"""

from collections.abc import Mapping
from typing import Any, Final, Literal
from urllib.parse import parse_qsl, urlsplit

import msgspec

from alerting.core.shapes import Event, Severity
from alerting.core.telling import NoticeKind
from alerting.notifiers.base import (
    Failed,
    Outcome,
    Parcel,
    Sent,
    Tools,
    figures,
    iso,
    over,
    post,
    short,
)  # fmt: skip

Action = Literal["trigger", "acknowledge", "resolve"]
REGIONS: Final[Mapping[str, str]] = {
    "us": "https://events.pagerduty.com",
    "eu": "https://events.eu.pagerduty.com",
}
PATH: Final = "/v2/enqueue"
SEVERITIES: Final[Mapping[Severity, str]] = {
    Severity.NONE: "info",
    Severity.WARNING: "warning",
    Severity.CRITICAL: "critical",
}
LONGEST_KEY: Final = 255
LONGEST_SUMMARY: Final = 1024
LONGEST_EVENT: Final = 512_000
"""Bytes. A longer one is refused: then the details stay away, and the page arrives."""
KINDS: Final[frozenset[NoticeKind]] = frozenset(
    {"fire", "worse", "reminder", "escalation", "resolve", "ack", "test"}
)
"""Nothing there takes an acknowledgement back, and an announcement would be an incident."""
LINKS: Final[Mapping[str, str]] = {
    "runbook": "Runbook",
    "acknowledge": "Acknowledge in Pouls",
    "wall": "Wall",
}


class _Address(msgspec.Struct, frozen=True):
    key: str
    url: str


class PagerDuty:
    """Tells PagerDuty."""

    schemes = ("pagerduty",)
    each = True
    keep_s = None

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def wants(self, kind: NoticeKind) -> bool:
        """Whether there is a way to tell this kind of notice."""
        return kind in KINDS

    def complaint(self, url: str) -> str:
        """Returns what is wrong with an address."""
        found = _parsed(url)
        return found if isinstance(found, str) else ""

    async def send(self, url: str, parcel: Parcel) -> Outcome:
        """Makes one attempt."""
        address = _parsed(url)
        if isinstance(address, str):
            return Failed(why=address, final=True)
        if parcel.items:
            return await self._tell(address, parcel, action(parcel, parcel.items[0]))
        outcome = await self._tell(address, parcel, "trigger")  # a test leaves nothing open
        return await self._tell(address, parcel, "resolve") if outcome == Sent() else outcome

    async def close(self) -> None:
        """Holds nothing."""

    async def _tell(self, address: _Address, parcel: Parcel, act: Action) -> Outcome:
        body = msgspec.json.encode(event(address.key, parcel, act))
        if len(body) > LONGEST_EVENT:
            body = msgspec.json.encode(event(address.key, parcel, act, details=False))
        return await post(self._tools, address.url, body)


def action(parcel: Parcel, item: Event) -> Action:
    """Returns what is to happen to the incident of an alert."""
    if over(item):
        return "resolve"
    return "acknowledge" if parcel.notice.kind == "ack" else "trigger"


def event(key: str, parcel: Parcel, act: Action, *, details: bool = True) -> dict[str, Any]:
    """Returns the event for the one alert of a parcel, or for a test."""
    item = parcel.items[0] if parcel.items else None
    told: dict[str, Any] = {
        "routing_key": key,
        "event_action": act,
        "dedup_key": short(item.episode if item else parcel.key, LONGEST_KEY),
    }
    if act != "trigger":
        return told
    payload: dict[str, Any] = {
        "summary": _cut(parcel.message.subject),
        "source": item.key.segment if item else "pouls",
        "severity": SEVERITIES[item.severity if item else Severity.NONE],
        "timestamp": iso(item.clock_ms if item else parcel.notice.clock_ms),
    }
    if item:
        payload |= {"component": item.key.segment, "group": item.key.rule, "class": item.facts.kpi}
    if details:
        more = figures(item) if item else {}
        payload["custom_details"] = more | {"text": parcel.message.text}
    links = [{"href": url, "text": LINKS.get(name, name)} for name, url in parcel.links.items()]
    return told | {"client": "Pouls", "payload": payload, "links": links}


def _cut(summary: str) -> str:
    """Returns what PagerDuty takes; the rest is in the details."""
    return summary if len(summary) <= LONGEST_SUMMARY else summary[: LONGEST_SUMMARY - 1] + "…"


def _parsed(url: str) -> _Address | str:
    """Returns an address, or what is wrong with it."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    region, api = options.pop("region", "us"), options.pop("api", None)
    if not parts.netloc.isalnum() or parts.path.strip("/"):
        return "is not written like pagerduty://ROUTING_KEY"
    if options:
        return f"{min(options)!r} is none of region, api"
    if region not in REGIONS:
        return f"region is none of {', '.join(REGIONS)}"
    if api is not None and urlsplit(api).scheme not in ("http", "https"):
        return "api is no http:// or https:// address"
    return _Address(parts.netloc, (api or REGIONS[region]).rstrip("/") + PATH)
