"""Topics that are none of the board's: documents that somebody else offers."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.hub import Hub
from api.messages import LIVE, SourceState, Subscribe
from api.views import View
from tests.api.fakes import FakeBoard

ALERTS = "alerts@live"
SOURCES = {"calls": SourceState(1.0, LIVE)}
DOCUMENTS = st.dictionaries(st.sampled_from("abc"), st.integers(0, 2), max_size=3)


def hub_of(board: FakeBoard | None = None) -> Hub:
    """Returns a hub after its first tick."""
    hub = Hub(board or FakeBoard(), "e", [ALERTS])
    hub.tick(1000, 1000, SOURCES)
    return hub


def tick(hub: Hub) -> None:
    """Makes the next tick."""
    now_ms = (hub.seq + 1) * 1000
    hub.tick(now_ms, now_ms, SOURCES)


def offer(hub: Hub, document: object) -> None:
    """Offers a document."""
    hub.offer(ALERTS, msgspec.Raw(msgspec.json.encode(document)))


def subscribe(hub: Hub, *topics: str, kpis: tuple[str, ...] | None = None) -> View:
    """Returns a view."""
    return hub.subscribe(Subscribe(1, topics, kpis))[0]


def body(hub: Hub, view: View, seen: int | None) -> dict[str, Any]:
    """Returns a message as the client reads it."""
    message: dict[str, Any] = json.loads(hub.text(view, seen))
    return message


def test_a_document_is_shown_from_the_next_tick_on() -> None:
    """So everything that a client gets is of one tick."""
    hub = hub_of()
    view = subscribe(hub, ALERTS, "site@live", kpis=("waiting",))
    offer(hub, {"list": [1]})
    assert body(hub, view, None)["topics"][ALERTS] == {}

    tick(hub)
    assert body(hub, view, 1)["d"] == [[ALERTS, {"shown": {"list": [1]}}]]
    assert body(hub, view, None)["topics"][ALERTS] == {"shown": {"list": [1]}}


def test_what_did_not_change_is_not_sent_again() -> None:
    """Equal bytes are the same document, however often they are offered."""
    hub = hub_of()
    view = subscribe(hub, ALERTS)
    offer(hub, {"list": []})
    tick(hub)
    offer(hub, {"list": []})
    tick(hub)

    assert body(hub, view, 2)["d"] == []


def test_a_topic_that_nobody_offers_is_refused_like_any_other() -> None:
    """A sentence in `denied`."""
    hub = hub_of()
    _, answer = hub.subscribe(Subscribe(1, (ALERTS, "alerts@30m", "alert@live"), None))

    assert answer.topics == (ALERTS,)
    assert [d.topic for d in answer.denied] == ["alerts@30m", "alert@live"]
    with pytest.raises(KeyError):
        hub.offer("other@live", msgspec.Raw(b"1"))


def test_a_hub_without_extensions_denies_alerts() -> None:
    """It knows segments only."""
    _, answer = Hub(FakeBoard(), "e").subscribe(Subscribe(1, (ALERTS,), None))

    assert [d.topic for d in answer.denied] == [ALERTS]


def test_the_board_is_never_asked_for_it() -> None:
    """Nor does it count as a line."""
    board = FakeBoard()
    hub = hub_of(board)
    subscribe(hub, ALERTS)
    tick(hub)

    assert board.reads == []
    assert hub.size() == (1, 0)


@given(steps=st.lists(st.tuples(st.one_of(st.none(), DOCUMENTS), st.booleans()), max_size=12))
def test_what_is_sent_replays_to_what_is_shown(steps: list[tuple[Any, bool]]) -> None:
    """Whoever misses ticks, whatever is offered: the last message makes it right."""
    hub = hub_of()
    view = subscribe(hub, ALERTS)
    state: dict[str, Any] = body(hub, view, None)["topics"]
    seen, last = hub.seq, None
    for document, reads in steps:
        if document is not None:
            offer(hub, document)
            last = document
        tick(hub)
        if not reads:
            continue
        message = body(hub, view, seen)
        seen = hub.seq
        if message["type"] == "snapshot":
            state = message["topics"]
        for topic, values in message.get("d", ()):
            state.setdefault(topic, {}).update(values)
        assert state[ALERTS].get("shown") == last
