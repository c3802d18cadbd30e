"""How fresh the numbers are, as messages say it and as readiness judges it."""

from collections.abc import Mapping

from api.messages import LIVE, REBUILDING, SourceState
from streams.store.feed import Feed


def states(feed: Feed) -> dict[str, SourceState]:
    """Returns each topic's freshness: that of its stalest partition."""
    return {
        topic: SourceState(
            None if mark.as_of_ms is None else mark.as_of_ms / 1000,
            REBUILDING if mark.rebuilding else LIVE,
        )
        for topic, mark in feed.topics().items()
    }


def reasons(
    connected: bool, states: Mapping[str, SourceState], ts_ms: int, stale_ms: int
) -> list[str]:
    """Returns why the numbers cannot be trusted now; empty = ready."""
    out = [] if connected else ["redis is away"]
    for topic, state in states.items():
        if state.state == REBUILDING:
            out.append(f"{topic}: rebuilding")
        elif state.as_of is None:
            out.append(f"{topic}: never read")
        elif ts_ms - state.as_of * 1000 > stale_ms:
            out.append(f"{topic}: stale for {ts_ms / 1000 - state.as_of:.0f} s")
    return out
