"""Prometheus' Alertmanager, API v2: for who routes all alerts of a house in one place.

An address is `alertmanager+https://HOST:PORT` or with `+http`, with a user and a password where it
asks for them, and a path where it has a prefix. Alertmanager remembers nothing for long: an alert
is over for it unless somebody repeats it, so what lasts is told again every minute, and so is its
end for some minutes (`alerting/delivery/keep.py`).

Its labels are an alert's identity, so what changes (the value, n) is in annotations. Severity is a
label, because everybody routes by it; whatever changes it ends the alert with the other one.
"""

import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from alerting.core.shapes import Event, Severity
from alerting.core.telling import NoticeKind
from alerting.notifiers.base import Failed, Outcome, Parcel, Tools, figures, iso, over, post
from streams.core.names import dimensions, value_of

KEEP_S: Final = 60
MISSES: Final = 4
"""So many times in a row it may go untold before it counts as over, as Prometheus does it."""
ALERTS: Final = "/api/v2/alerts"
SOURCE: Final = {"source": "pouls"}
TEST: Final = "PoulsTest"
SEVERITIES: Final = (Severity.WARNING, Severity.CRITICAL)
KINDS: Final[frozenset[NoticeKind]] = frozenset(
    {"fire", "worse", "reminder", "escalation", "resolve", "test"}
)
"""It knows no acknowledgement, and what is only said once is no alert."""
_PLUS: Final = "alertmanager+"


class Alertmanager:
    """Tells an Alertmanager."""

    schemes = ("alertmanager+http", "alertmanager+https")
    each = True
    keep_s = KEEP_S

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def wants(self, kind: NoticeKind) -> bool:
        """Whether there is a way to tell this kind of notice."""
        return kind in KINDS

    def complaint(self, url: str) -> str:
        """Returns what is wrong with an address."""
        parts = urlsplit(url)
        wrong = not parts.hostname or parts.query or parts.fragment
        return "is not written like alertmanager+https://HOST:PORT" if wrong else ""

    async def send(self, url: str, parcel: Parcel) -> Outcome:
        """Makes one attempt."""
        if complaint := self.complaint(url):
            return Failed(why=complaint, final=True)
        body = msgspec.json.encode(list(alerts(parcel, self._tools.clock_ms())))
        return await post(self._tools, url.removeprefix(_PLUS).rstrip("/") + ALERTS, body)

    async def close(self) -> None:
        """Holds nothing."""


def alerts(parcel: Parcel, clock_ms: int) -> Iterator[dict[str, Any]]:
    """Yields what is true of the one alert of a parcel: which severity it has, and which not."""
    if not parcel.items:
        labels = {"alertname": TEST, "severity": "none", **SOURCE}
        yield _lasting(parcel, labels, parcel.notice.clock_ms, clock_ms + KEEP_S * 1000)
        return
    item = parcel.items[0]
    ended = over(item)
    for severity in SEVERITIES:
        if severity is item.severity and not ended:
            until = clock_ms + MISSES * KEEP_S * 1000
            yield _lasting(parcel, labels_of(item, severity), item.clock_ms, until)
        elif ended or item.kind != "fire":
            yield {"labels": labels_of(item, severity), "endsAt": iso(min(item.clock_ms, clock_ms))}


def _lasting(parcel: Parcel, labels: dict[str, str], from_ms: int, to_ms: int) -> dict[str, Any]:
    found = figures(parcel.items[0]) if parcel.items else {}
    links = {f"{name}_url": url for name, url in parcel.links.items()}
    message = parcel.message
    texts = {"summary": message.subject, "description": message.text, **links}
    lasting = {
        "labels": labels,
        "annotations": texts | {name: str(value) for name, value in found.items()},
        "startsAt": iso(min(from_ms, to_ms)),
        "endsAt": iso(to_ms),
    }
    wall = parcel.links.get("wall")
    return lasting if wall is None else lasting | {"generatorURL": wall}


def labels_of(item: Event, severity: Severity) -> dict[str, str]:
    """Returns the labels of an alert: its rule, its severity and the parts of its segment."""
    segment = item.key.segment
    parts = {
        re.sub(r"\W", "_", name, flags=re.ASCII): value_of(segment, name) or ""
        for name in dimensions(segment)
    }
    return {"alertname": item.key.rule, "severity": severity.name.lower(), **SOURCE, **parts}
