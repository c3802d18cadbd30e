"""What every notifier is told and what it answers; the manners of those that speak HTTP.

A notifier knows one way to reach somebody. It makes one attempt and says how that went; whether and
when there is another one is decided in `alerting/delivery`. What it says is written to logs, so no
part of an address, which is a secret, may be in it.
"""

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final, Protocol, TypeAlias

import httpx
import msgspec

from alerting.core.shapes import Event, Severity
from alerting.core.telling import Notice, NoticeKind
from alerting.message import OVER, Message

CONNECT_S: Final = 4.0
ANSWER_S: Final = 8.0
"""So long a server may be silent; the whole attempt ends a little later, in the worker."""
REPEATABLE: Final = frozenset({408, 425, 429})
"""Statuses below 500 that are no refusal."""
CONNECTIONS: Final = 50


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to be told to one address."""

    key: str
    """The same at every attempt: the receiver can tell a repetition by it."""
    thread: str
    """The key of the first thing told about these alerts there."""
    notice: Notice
    items: tuple[Event, ...]
    """Those alerts of the notice that this address is to hear of; one at most for who is told each
    by itself, none of an announcement."""
    message: Message
    links: Mapping[str, str] = {}
    """`runbook`, `acknowledge`, `wall`: where there is more, of one alert."""


class Sent(msgspec.Struct, frozen=True):
    """The receiver has taken it."""


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """The receiver has not taken it, as far as anybody knows."""

    why: str
    """Without any part of the address."""
    final: bool = False
    """Whether it would be refused again."""
    retry_after_s: float | None = None
    """When the receiver wants to be asked again."""


Outcome: TypeAlias = Sent | Failed


class Tools(msgspec.Struct, frozen=True):
    """What notifiers share."""

    client: httpx.AsyncClient
    clock_ms: Callable[[], int]


class Notifier(Protocol):
    """One way to reach somebody."""

    @property
    def schemes(self) -> tuple[str, ...]:
        """How addresses of this kind begin, without `://`."""

    @property
    def each(self) -> bool:
        """Whether every alert is told by itself, not those of a notice together."""

    @property
    def keep_s(self) -> int | None:
        """After so long an alert that lasts must be told again, or it is taken to be over."""

    def wants(self, kind: NoticeKind) -> bool:
        """Whether there is a way to tell this kind of notice at all."""

    def complaint(self, url: str) -> str:
        """Returns what is wrong with an address, without any part of it; "" = nothing."""

    async def send(self, url: str, parcel: Parcel) -> Outcome:
        """Makes one attempt; may be cancelled when it takes too long."""

    async def close(self) -> None:
        """Gives back what it holds."""


def client() -> httpx.AsyncClient:
    """Returns what HTTP is spoken with: patient for a few seconds, and never sent elsewhere."""
    return httpx.AsyncClient(
        timeout=httpx.Timeout(ANSWER_S, connect=CONNECT_S),
        limits=httpx.Limits(max_connections=CONNECTIONS),
        follow_redirects=False,  # who answers for an address is who stands in it
        headers={"User-Agent": "Pouls"},
    )


async def post(tools: Tools, url: str, body: bytes, headers: Mapping[str, str] = {}) -> Outcome:
    """Posts JSON, and returns what the answer means."""
    sent = {"Content-Type": "application/json", **headers}
    try:
        answer = await tools.client.post(url, content=body, headers=sent)
    except (httpx.HTTPError, httpx.InvalidURL) as error:  # their texts may name the address
        return Failed(why=type(error).__name__)
    return meaning(answer.status_code, answer.headers.get("Retry-After"), tools.clock_ms())


def meaning(status: int, retry_after: str | None, clock_ms: int) -> Outcome:
    """Returns what a status means: who is overloaded or broken is asked again, who refuses is not.

    Args:
        status: Of the answer.
        retry_after: The header, in seconds or a date.
        clock_ms: Now.
    """
    if httpx.codes.is_success(status):
        return Sent()
    repeatable = status in REPEATABLE or status >= httpx.codes.INTERNAL_SERVER_ERROR
    wait = _seconds(retry_after, clock_ms) if repeatable and retry_after else None
    return Failed(why=f"status {status}", final=not repeatable, retry_after_s=wait)


def _seconds(retry_after: str, clock_ms: int) -> float | None:
    """Returns how long to wait, `None` where that cannot be read."""
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        when = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return max(0.0, when.timestamp() - clock_ms / 1000)


def over(event: Event) -> bool:
    """Whether an alert has ended."""
    return event.kind in OVER


def level(parcel: Parcel) -> Severity:
    """Returns how bad the worst alert of a parcel is; NONE when all are over."""
    return max((e.severity for e in parcel.items if not over(e)), default=Severity.NONE)


def short(text: str, most: int) -> str:
    """Returns a text as it is, or what stands for it where it is too long: its digest."""
    return text if len(text) <= most else digest(text)


def digest(text: str) -> str:
    """Returns 64 hex digits that stand for a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def iso(ms: int) -> str:
    """Returns an instant as ISO 8601 in UTC."""
    when = dt.datetime.fromtimestamp(ms / 1000, dt.UTC)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def figures(event: Event) -> dict[str, Any]:
    """Returns what a machine may want to know of an alert, without what is not known."""
    facts = event.facts
    found = {
        "kpi": facts.kpi,
        "window": facts.window,
        "value": facts.value,
        "unit": facts.unit,
        "n": facts.n,
        "part": facts.part,
        "whole": facts.whole,
        "threshold": facts.threshold,
        "clear": facts.clear,
        "target": facts.target,
        "formula": facts.formula,
    }
    return {name: value for name, value in found.items() if value not in (None, "")}
