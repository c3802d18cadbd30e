"""Alerts, notices and parcels for tests of whoever tells them."""

from collections.abc import Mapping
from typing import Any

from alerting.core.shapes import Event, EventKind, Facts, Key, Severity
from alerting.core.telling import Next, Notice, NoticeKind
from alerting.message import Message
from alerting.notifiers.base import Parcel

CLOCK_MS = 1_800_000_000_000
MESSAGE = Message("Critical · 25 % give up in sav", "short form", "the text", "<p>the HTML</p>")


def event(
    kind: EventKind = "fire",
    segment: str = "queue:sav",
    severity: Severity = Severity.CRITICAL,
    rule: str = "abandonment",
    **more: Any,
) -> Event:
    """Returns what happened to an alert."""
    facts = Facts(
        segment=segment, kpi="abandonment_rate", window="30m", value=0.3, n=30, part=9, whole=30,
        unit="ratio", formula="short_excluded", threshold=0.25, clear=0.18, target=0.05,
        since_ms=None,
    )  # fmt: skip
    known: dict[str, Any] = {
        "episode": f"{rule}|{segment}|{CLOCK_MS - 120_000}",
        "at_ms": CLOCK_MS,
        "clock_ms": CLOCK_MS,
        "reason": "breach",
        "facts": facts,
    }
    return Event(kind=kind, key=Key(rule, segment), severity=severity, **(known | more))


def notice(
    kind: NoticeKind = "fire",
    *items: Event,
    to: tuple[str, ...] = ("duty:floor/page",),
    n: int = 0,
    group: str = "critical|abandonment",
    then: Next | None = None,
    text: Mapping[str, str] = {},
    clock_ms: int = CLOCK_MS,
) -> Notice:
    """Returns something to tell; without items about one alert, or about none."""
    if not items and kind not in ("announcement", "test"):
        items = (event("resolve" if kind == "resolve" else "fire"),)
    return Notice(
        id=f"{group}|{CLOCK_MS}|{n}", group=group, kind=kind, to=to, items=items, then=then,
        clock_ms=clock_ms, text=text,
    )  # fmt: skip


def parcel(told: Notice | None = None, address: str = "ana/page", **more: Any) -> Parcel:
    """Returns a notice on its way to one address."""
    told = told or notice()
    first = f"{told.id.rpartition('|')[0]}|0:{address}"
    known: dict[str, Any] = {"key": f"{told.id}:{address}", "thread": first, "message": MESSAGE}
    return Parcel(notice=told, items=told.items, **(known | more))
