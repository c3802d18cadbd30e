"""Events as they come: CloudEvents 1.0 in JSON, one Struct a type, decoded as a tagged union.

Only fields that the fold reads are declared; unknown fields are ignored, a wrong type is refused
with the field's name. The position of a contact's type in `CONTACT_TYPES` is its rank: events of
the same instant are folded in that order.
"""

import datetime as dt
from typing import Annotated, Any, ClassVar, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct, field

from streams.core.buckets import DAY_MS
from streams.core.errors import EventRefused

CONTACT_TYPES: Final = (
    "created", "queued", "offered", "missed", "answered", "held", "resumed", "message",
    "transferred", "flowed_out", "abandoned", "ended", "wrapped", "status", "solved", "reopened",
    "merged", "sla", "resolved",
)  # fmt: skip
OTHER_TYPES: Final = (
    "survey.sent", "survey.answered", "quality.evaluated", "sentiment.scored", "agent.state",
    "agent.schedule", "source.alive",
)  # fmt: skip
TYPES: Final = frozenset((*(f"contact.{t}" for t in CONTACT_TYPES), *OTHER_TYPES))
RANK: Final = {name: rank for rank, name in enumerate(CONTACT_TYPES)}

Text: TypeAlias = str | None
Time = Annotated[dt.datetime, Meta(tz=True)]
Id = Annotated[str, Meta(min_length=1)]
Seconds = Annotated[float, Meta(le=400 * 86_400)]
"""A stated duration; negative ones are accepted here and dropped by the fold."""
Channel = Literal["voice", "chat", "email", "message", "social", "ticket", "callback", ""]


class Data(Struct, gc=False):
    """What any contact event may say."""

    channel: Channel | None = None
    queue: Text = None
    agent: Text = None
    team: Text = None
    site: Text = None
    group: Text = None
    product: Text = None
    reason: Text = None
    language: Text = None
    priority: Text = None
    step: Text = None
    campaign: Text = None


class Queued(Data, gc=False, kw_only=True):
    """An entry into a queue; without `queue` it is refused."""

    queue: Id = field()


class Rung(Data, gc=False, kw_only=True):
    """An agent's telephone rings, or stops without an answer."""

    agent: Id = field()
    cause: Literal["no_answer", "declined", "error", "caller_left", ""] | None = None


class Answered(Data, gc=False):
    """An agent, or somebody, takes the contact."""

    wait_s: Seconds | None = None


class Abandoned(Data, gc=False):
    """The customer gives up."""

    phase: Literal["ivr", "queue", "ring", ""] | None = None
    wait_s: Seconds | None = None


class FlowedOut(Data, gc=False):
    """The contact leaves the queue without an answer and without being abandoned."""

    to: Literal["overflow", "callback", "voicemail", "ivr", "timeout", ""] | None = None
    wait_s: Seconds | None = None


class Transferred(Data, gc=False):
    """A hand-over; `queue`, `agent` and `contact` name the target."""

    kind: Literal["blind", "attended", "queue", ""] | None = None
    contact: Text = None


class Ended(Data, gc=False):
    """The conversation is over."""

    by: Literal["customer", "agent", "system", ""] | None = None
    talk_s: Seconds | None = None
    hold_s: Seconds | None = None


class Wrapped(Data, gc=False):
    """The agent has finished the work after the contact."""

    wrap_s: Seconds | None = None


class Status(Data, gc=False, kw_only=True):
    """A ticket's state changes."""

    to: Literal["new", "open", "pending", "hold", "solved", "closed", "deleted", "spam"] = field()


class Event(Struct, gc=False, tag_field="type", kw_only=True):
    """The attributes of every event."""

    id: Id
    source: Id
    time: Time
    subject: Id
    rank: ClassVar[int] = -1


class HeldContact(Struct, gc=False):
    """A contact that an agent has."""

    contact: str = ""
    channel: Text = None
    state: Literal["on_contact", "hold", "wrap_up", "ringing", "paused", "available", ""] | None = (
        None
    )
    """`None` = on_contact."""


class AgentData(Struct, gc=False):
    """What an agent does, with all attributes: nothing is inherited from the fact before."""

    state: Literal["offline", "available", "ringing", "on_contact", "hold", "wrap_up", "paused"]
    reason: Text = None
    team: Text = None
    site: Text = None
    queues: list[str] | None = None
    capacity: Annotated[int, Meta(ge=0, le=10_000)] | None = None
    heartbeat_s: Annotated[float, Meta(gt=0, le=400 * 86_400)] | None = None
    contacts: list[HeldContact] | None = None


class AgentState(Event, gc=False, tag="agent.state", kw_only=True):
    """What an agent does."""

    data: AgentData


class Activity(Struct, gc=False):
    """A part of a plan."""

    start: Time
    end: Time
    activity: Id
    productive: bool | None = None
    tracked: bool | None = None


class ScheduleData(Struct, gc=False):
    """A day's plan of an agent; without activities a day off."""

    revision: Annotated[int, Meta(ge=-(2**53), le=2**53)]
    activities: list[Activity]
    date: Annotated[str, Meta(pattern=r"^(\d{4}-\d\d-\d\d)?$")] | None = None
    team: Text = None
    site: Text = None


class Schedule(Event, gc=False, tag="agent.schedule", kw_only=True):
    """What an agent is planned to do."""

    data: ScheduleData


class Alive(Event, gc=False, tag="source.alive"):
    """A feed's heartbeat: books nothing, moves the source's time."""

    subject: str = ""


class SurveySent(Event, gc=False, tag="survey.sent"):
    """A survey went out."""


class SurveyAnswered(Event, gc=False, tag="survey.answered"):
    """A customer's scores."""


class Evaluated(Event, gc=False, tag="quality.evaluated"):
    """A quality score."""


class Sentiment(Event, gc=False, tag="sentiment.scored"):
    """A sentiment score."""


_DATA: dict[str, type[Data]] = {
    "queued": Queued,
    "offered": Rung,
    "missed": Rung,
    "answered": Answered,
    "transferred": Transferred,
    "flowed_out": FlowedOut,
    "abandoned": Abandoned,
    "ended": Ended,
    "wrapped": Wrapped,
    "status": Status,
}
_MUST_SAY = {"queued", "offered", "missed", "status"}


def _contact_event(rank: int, name: str) -> type[Event]:
    data = _DATA.get(name, Data)
    fields: list[Any] = [
        ("data", data) if name in _MUST_SAY else ("data", data, field(default_factory=data))
    ]
    words = "".join(word.title() for word in name.split("_"))
    return msgspec.defstruct(
        f"Contact{words}", fields, bases=(Event,), tag=f"contact.{name}", gc=False, kw_only=True,
        namespace={"rank": rank, "__doc__": f"contact.{name}"},
    )  # type: ignore[return-value]  # fmt: skip


CONTACT_EVENTS: Final = tuple(_contact_event(r, n) for r, n in enumerate(CONTACT_TYPES))
_OTHER = (AgentState, Schedule, Alive, SurveySent, SurveyAnswered, Evaluated, Sentiment)
UNION: Final[Any] = CONTACT_EVENTS[0]
for _cls in (*CONTACT_EVENTS[1:], *_OTHER):
    UNION = UNION | _cls  # type: ignore[misc]
decode = msgspec.json.Decoder(UNION).decode
"""Value → event.

Raises `msgspec.DecodeError` (of which `ValidationError` is one) with the field's path.
"""


UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What `decode` raises for a value that is no event; strings that are no UTF-8 among it."""


class _Head(Struct):
    type: str


class _Whose(Struct):
    type: str
    subject: str = ""


_head = msgspec.json.Decoder(_Head).decode
_whose = msgspec.json.Decoder(_Whose).decode
EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
EARLIEST_MS: Final = 631_152_000_000
"""1990-01-01: nothing before it is accepted."""
MAX_EVENT_BYTES: Final = 256 * 1024
"""Longer values are not decoded."""
AHEAD_MS: Final = 300_000
"""How far an event's time may lie ahead of its record's append time."""


def millis(time: dt.datetime) -> int:
    """Returns ms since 1970, floored, exact (`timestamp()` is a float)."""
    x = time - EPOCH
    return x.days * DAY_MS + x.seconds * 1000 + x.microseconds // 1000


def is_unknown_type(raw: bytes) -> bool:
    """Whether a value that `decode` refuses has a type that nobody here knows: no dead letter."""
    try:
        return _head(raw).type not in TYPES
    except UNREADABLE:
        return False


def with_agent(raw: bytes, reason: str) -> str:
    """Returns why a value is refused, with the agent whom it is about, if any."""
    try:
        head = _whose(raw)
    except UNREADABLE:
        return reason
    is_agents = head.type.startswith("agent.") and head.subject
    return f"agent {head.subject!r}: {reason}" if is_agents else reason


def order_key(raw: bytes) -> tuple[int, int, str, str]:
    """Returns (time in ms, rank, id, source), by which facts are folded.

    Raises:
        EventRefused: the value is not an event.
    """
    try:
        e = decode(raw)
    except UNREADABLE as exc:
        raise EventRefused(str(exc)) from exc
    return millis(e.time), e.rank, e.id, e.source
