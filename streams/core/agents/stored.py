"""What is stored of an agent: his facts by day, each as received, and his plans.

What the roster said when a fact or a plan came in is kept with it, because the roster may say
something else when they are read again.
"""

from typing import Final

import msgspec

from streams.core.agents.agent import Agent
from streams.core.agents.plan import Plan

Place = tuple[str | None, str | None]
"""Team and site, as the roster says them."""
PLACED: Final = b"\1"
"""Stands between a fact and the team and site that the roster gave it."""
_FACTS, _PLANS = "\0a", "\0p"
_encode = msgspec.json.Encoder().encode
_place = msgspec.json.Decoder(Place).decode


def is_agents_key(key: str) -> bool:
    """Whether something is stored of an agent under this key, and not of a contact."""
    return key.startswith((_FACTS, _PLANS))


def of_plans(key: str) -> str | None:
    """Returns whose plans are stored under a key; `None` = facts are."""
    return key.removeprefix(_PLANS) if key.startswith(_PLANS) else None


def of_facts(key: str) -> tuple[str, int]:
    """Returns whose facts of which day are stored under a key."""
    subject, _, day = key.removeprefix(_FACTS).rpartition("\0")
    return subject, int(day)


def placed_item(raw: bytes, place: Place) -> bytes:
    """Returns a fact or a plan with what the roster says of its agent."""
    return raw + PLACED + _encode(place)


def raw_of(item: bytes) -> bytes:
    """Returns a fact or a plan as received."""
    return item.partition(PLACED)[0]


def place_in(item: bytes) -> Place | None:
    """Returns what the roster said of an item's agent; `None` = it was not asked."""
    _, placed, place = item.partition(PLACED)
    return _place(place) if placed else None


def placed(plan: Plan, place: Place) -> Plan:
    """Returns a plan with what the roster says of its agent."""
    team, site = place
    raw = placed_item(plan.rank[2], place)
    return plan._replace(team=team or plan.team, site=site or plan.site, raw=raw)


def take(
    a: Agent, added: dict[str, list[bytes]], replaced: dict[str, list[bytes]], gone: list[str]
) -> None:
    """Says what is to be stored of an agent since the last time."""
    subject = a.subject
    appended, anew = a.archive.take()
    for day, items in appended.items():
        added[_key(subject, day)] = items
    for day, items in anew.items():
        if items:
            replaced[_key(subject, day)] = items
        else:
            gone.append(_key(subject, day))
    if a.plans_changed:
        a.plans_changed = False
        if a.plans:
            replaced[_PLANS + subject] = [p.raw for p in a.plans.values()]
        else:
            gone.append(_PLANS + subject)


def _key(subject: str, day: int) -> str:
    return f"{_FACTS}{subject}\0{day}"
