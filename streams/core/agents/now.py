"""One agent as he is now, for those who may see it."""

from typing import Literal

import msgspec

from streams.core.agents.labels import is_break, measures_of, state_of
from streams.core.agents.tail import Coming, Tail

AgentState = Literal[
    "offline", "available", "ringing", "on_contact", "hold", "wrap_up", "paused", "unknown"
]


class AgentNow(msgspec.Struct, frozen=True):
    """What is known of one agent. Times in ms since 1970."""

    agent: str
    state: AgentState
    since_ms: int | None
    """Since when; `None` = he was never heard of."""
    reason: str | None
    """Why he is paused."""
    team: str | None
    """Whose he is now: the segment `team:` in which he counts."""
    activity: str | None
    """What is planned now; `None` = nothing."""
    next_break_ms: int | None
    """When the next planned break or other non-productive activity begins."""
    out_since_ms: int | None
    """Since when he has been out of adherence; `None` = he is not."""


def agent_now(agent: str, tail: Tail, now_ms: int, *, strict: bool) -> AgentNow:
    """Returns an agent at `now`. `strict`: being offline in a break is not adherent."""
    at = max((i for i, piece in enumerate(tail.pieces) if piece.t <= now_ms), default=0)
    piece = tail.pieces[at]
    out = "out_strict" if strict else "out"
    state = state_of(piece.label)
    return AgentNow(
        agent,
        state,  # type: ignore[arg-type]
        _since(tail, at),
        tail.reason if state == "paused" else None,
        tail.teams[piece.group],
        piece.activity or None,
        _next_break(tail.pieces, at),
        _back_to(tail.pieces, at, out),
    )


def _since(tail: Tail, at: int) -> int | None:
    pieces = tail.pieces
    state = state_of(pieces[at].label)
    while at and state_of(pieces[at - 1].label) == state:
        at -= 1
    if state != tail.state:
        return pieces[at].t
    return max(pieces[at].t, tail.since_ms) if at else tail.since_ms or None


def _next_break(pieces: tuple[Coming, ...], at: int) -> int | None:
    for before, piece in zip(pieces[at:], pieces[at + 1 :], strict=False):
        new = not is_break(before.label) or before.activity != piece.activity
        if is_break(piece.label) and new:
            return piece.t
    return None


def _back_to(pieces: tuple[Coming, ...], at: int, measure: str) -> int | None:
    """Returns since when pieces have counted as a measure; `None` = they do not."""
    if measure not in measures_of(pieces[at].label):
        return None
    while at and measure in measures_of(pieces[at - 1].label):
        at -= 1
    return pieces[at].t
