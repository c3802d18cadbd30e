"""What is put into the store by tests."""

from typing import Any

from alerting.core.shapes import Event, Facts, Instance, Key, Severity
from alerting.core.telling import Group, Matcher, Member, Notice, NoticeKind, Quiet
from alerting.store import Commit, Delivery
from tests.alerting.store.shifted import Shifted

NOW = Shifted.START_MS
KEY = Key("abandonment", "queue:sav")
EPISODE = "abandonment|queue:sav|7"
WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL
FACTS = Facts(
    segment=KEY.segment, kpi="abandonment_rate", window="15m", value=0.3, n=30, part=9, whole=30,
    unit="ratio", formula="all", threshold=0.08, clear=0.06, target=0.05, since_ms=None,
)  # fmt: skip


def instance(**more: Any) -> Instance:
    """Return an alert that fires."""
    known: dict[str, Any] = {"condition": "firing", "severity": WARNING, "episode": EPISODE}
    return Instance(**(known | {"facts": FACTS, "seen_at_ms": NOW} | more))


def event(**more: Any) -> Event:
    """Return what happened to it."""
    known: dict[str, Any] = {
        "kind": "fire",
        "key": KEY,
        "episode": EPISODE,
        "severity": WARNING,
        "at_ms": NOW,
    }
    return Event(**(known | {"clock_ms": NOW, "reason": "breach", "facts": FACTS} | more))


def notice(kind: NoticeKind = "fire", *items: Event, n: int = 0) -> Notice:
    """Return what is to be told of it."""
    return Notice(
        id=f"g|{NOW}|{n}",
        group="g",
        kind=kind,
        to=("duty:floor/page",),
        items=items or (event(kind="resolve" if kind == "resolve" else "fire"),),
        clock_ms=NOW,
    )


def group() -> Group:
    """Return what it is told in."""
    return Group(id="g", route="r", born_ms=NOW, members={EPISODE: Member(key=KEY, event=event())})


def quiet() -> Quiet:
    """Return a silence."""
    return Quiet(
        id="q", kind="silence", match=Matcher(rules=("abandonment",)), from_ms=NOW,
        until_ms=NOW + 60_000, by="ana",
    )  # fmt: skip


def delivery(told: Notice, address: str = "ana/page") -> Delivery:
    """Return a notice on its way to somebody."""
    return Delivery(notice=told, address=address, first_ms=NOW)


def commit(epoch: int, seq: int = 0, **more: Any) -> Commit:
    """Return a tick."""
    known: dict[str, Any] = {"at_ms": NOW - 1000, "clock_ms": NOW, "acts": 3, "born_ms": NOW}
    return Commit(epoch=epoch, seq=seq, **(known | more))


async def lead(store: Shifted, owner: str = "a") -> int:
    """Take the lease; return the epoch."""
    lease = await store.renew(owner)
    assert lease.epoch is not None
    return lease.epoch
