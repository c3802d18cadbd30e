"""The hub without sockets: what is read, what is encoded, who gets what."""

import json
from typing import Any

import msgspec
import pytest

from api.catalog import documents
from api.hub import MAX_LINES, Hub
from api.messages import LIVE, SourceState, Subscribe
from api.views import MAX_EXPANDED, MAX_TOPICS, View, kpis_of
from streams.core.errors import BadName, NotHeld
from streams.core.kpis import KPIS
from tests.api.fakes import FakeBoard, person

SOURCES = {"calls": SourceState(1.0, LIVE)}


def hub_of(board: FakeBoard) -> Hub:
    """Returns a hub after its first tick."""
    hub = Hub(board, "e")
    hub.tick(1000, 1000, SOURCES)
    return hub


def subscribe(hub: Hub, *topics: str, kpis: tuple[str, ...] | None = None) -> View:
    """Returns a view; the answer is not looked at."""
    return hub.subscribe(Subscribe(1, topics, kpis))[0]


def body(hub: Hub, view: View, seen: int | None) -> dict[str, Any]:
    """Returns a message as the client reads it."""
    message: dict[str, Any] = json.loads(hub.text(view, seen))
    return message


def test_a_topic_without_kpis_shows_all_that_its_window_has() -> None:
    """Live KPIs in `live`, the others in every other window, none in both."""
    assert set(KPIS) == {*kpis_of("live"), *kpis_of("30m")}
    assert not set(kpis_of("live")) & set(kpis_of("today"))
    of_contacts = {kpi for kpi in kpis_of("live") if not kpi.startswith("agents_")}
    assert of_contacts == {"waiting", "wait_longest", "in_progress", "orphaned"}


def test_a_private_kpi_is_on_no_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor in the catalogue that walls read."""
    entry = msgspec.structs.replace(KPIS["offered"], private=True)
    monkeypatch.setattr("api.views.KPIS", {**KPIS, "offered": entry})
    monkeypatch.setattr("api.catalog.KPIS", {**KPIS, "offered": entry})

    assert "offered" not in kpis_of("30m")
    assert b'"offered"' not in documents()["en"].body


def test_a_new_client_gets_a_snapshot_of_the_last_tick_at_once() -> None:
    """It need not wait for the next one."""
    board = FakeBoard()
    board.put("site@30m", "offered", value=7, n=7)
    hub = hub_of(board)

    snapshot = body(hub, subscribe(hub, "site@30m", kpis=("offered",)), None)

    assert (snapshot["type"], snapshot["seq"], snapshot["epoch"]) == ("snapshot", 1, "e")
    assert snapshot["topics"]["site@30m"]["offered"]["v"] == 7


def test_a_delta_holds_only_what_changed() -> None:
    """And each changed KPI whole."""
    board = FakeBoard()
    board.put("site@30m", "offered", value=7, n=7)
    hub = hub_of(board)
    view = subscribe(hub, "site@30m", "site@today", kpis=("offered", "answered"))

    board.put("site@30m", "offered", value=8, n=8)
    hub.tick(2000, 2000, SOURCES)
    delta = body(hub, view, 1)

    assert [topic for topic, _ in delta["d"]] == ["site@30m"]
    assert list(delta["d"][0][1]) == ["offered"]
    assert delta["d"][0][1]["offered"]["v"] == 8


def test_a_tick_without_change_is_a_heartbeat() -> None:
    """An empty delta of at most 60 bytes, but for the times."""
    hub = hub_of(FakeBoard())
    view = subscribe(hub, "site@30m")
    hub.tick(2000, 2000, SOURCES)

    assert hub.text(view, 1) == '{"type":"delta","seq":2,"ts":2.0,"src":{},"d":[]}'


def test_who_missed_a_tick_gets_the_snapshot_instead() -> None:
    """Whether it missed one or forty."""
    hub = hub_of(FakeBoard())
    view = subscribe(hub, "site@30m")
    for second in range(2, 44):
        hub.tick(second * 1000, second * 1000, SOURCES)

    assert body(hub, view, 41)["type"] == "snapshot"
    assert body(hub, view, 1)["type"] == "snapshot"
    assert body(hub, view, 42)["type"] == "delta"


def test_a_topic_is_read_once_a_tick_however_many_views_have_it() -> None:
    """Also when they show different KPIs of it."""
    board = FakeBoard()
    hub = hub_of(board)
    for kpis in (("offered",), ("offered", "answered"), ("offered", "handled")):
        subscribe(hub, "site@30m", kpis=kpis)
        subscribe(hub, "site@30m", kpis=kpis)
    board.reads.clear()
    hub.tick(2000, 2000, SOURCES)

    assert sorted(board.reads) == [("site", k, "30m") for k in ("answered", "handled", "offered")]
    assert hub.size() == (3, 1)


def test_clients_with_the_same_topics_share_view_and_text() -> None:
    """The text is made once a tick: it is the same object."""
    hub = hub_of(FakeBoard())
    one, two = subscribe(hub, "site@30m"), subscribe(hub, "site@30m")

    assert one is two
    assert hub.text(one, None) is hub.text(two, None)
    hub.tick(2000, 2000, SOURCES)
    assert hub.text(one, 1) is hub.text(two, 1)


def test_the_last_client_takes_view_and_lines_away() -> None:
    """Nothing is read for nobody."""
    board = FakeBoard()
    hub = hub_of(board)
    one, two = subscribe(hub, "site@30m"), subscribe(hub, "site@30m")
    hub.release(one)
    hub.tick(2000, 2000, SOURCES)
    assert hub.size() == (1, 1)

    hub.release(two)
    hub.tick(3000, 3000, SOURCES)
    board.reads.clear()
    hub.tick(4000, 4000, SOURCES)
    assert hub.size() == (0, 0)
    assert board.reads == []


def test_a_queue_that_appears_comes_with_the_next_delta_of_its_pattern() -> None:
    """Whole, also when another view had it before."""
    board = FakeBoard("queue:a")
    hub = hub_of(board)
    pattern = subscribe(hub, "queue:*@30m", kpis=("offered",))
    subscribe(hub, "queue:b@30m")
    board.names.append("queue:b")
    hub.tick(2000, 2000, SOURCES)

    assert [topic for topic, _ in body(hub, pattern, 1)["d"]] == ["queue:b@30m"]
    assert list(body(hub, pattern, None)["topics"]) == ["queue:a@30m", "queue:b@30m"]
    hub.tick(3000, 3000, SOURCES)
    assert body(hub, pattern, 2)["d"] == []


def test_a_view_that_joins_does_not_disturb_the_delta_of_another() -> None:
    """The new KPI of a shared line is nobody else's news."""
    board = FakeBoard()
    hub = hub_of(board)
    first = subscribe(hub, "site@30m", kpis=("offered",))
    board.put("site@30m", "offered", value=1)
    hub.tick(2000, 2000, SOURCES)
    subscribe(hub, "site@30m", kpis=("offered", "answered"))

    assert list(body(hub, first, 1)["d"][0][1]) == ["offered"]


def test_mistakes_in_a_topic_are_denied_with_a_sentence_and_the_rest_is_given() -> None:
    """Names come back in their one canonical form."""
    hub = hub_of(FakeBoard())
    asked = ("queue:x+channel:voice@30m", "site", "queue@30m", "moon:x@30m", "site@31x")
    _, answer = hub.subscribe(Subscribe(5, asked))

    assert answer.id == 5
    assert answer.topics == ("channel:voice+queue:x@30m",)
    assert list(asked[1:]) == [d.topic for d in answer.denied]
    assert all(d.reason for d in answer.denied)


def test_a_topic_that_the_board_cannot_read_is_denied_with_its_sentence() -> None:
    """An agent has no 10 s cells; a date may be too old. What a pattern brings later likewise."""
    board = FakeBoard()
    board.people = [person("a", "T"), person("c", "U")]
    board.refusals = {
        "agent:a@30m": BadName("agents have no minutes"),
        "site@day:2020-01-01": NotHeld("too old"),
        "agent:b@30m": BadName("agents have no minutes"),
    }
    hub = hub_of(board)
    asked = ("team:T/agent:*@30m", "site@day:2020-01-01", "site@today")
    view, answer = hub.subscribe(Subscribe(1, asked, ("handled",)))
    board.people.append(person("b", "T"))
    hub.tick(2000, 2000, SOURCES)

    assert answer.topics == ("site@today",)
    assert [(d.topic, d.reason) for d in answer.denied] == [
        ("agent:a@30m", "agents have no minutes"),
        ("site@day:2020-01-01", "too old"),
    ]
    assert list(body(hub, view, None)["topics"]) == ["site@today"]


def test_a_date_that_becomes_too_old_while_somebody_looks_loses_its_values() -> None:
    """The tick goes on; the others keep theirs."""
    board = FakeBoard()
    board.put("site@day:2026-11-22", "handled", value=5, n=5)
    board.put("site@today", "handled", value=6, n=6)
    hub = hub_of(board)
    view = subscribe(hub, "site@day:2026-11-22", "site@today", kpis=("handled",))
    board.refusals["site@day:2026-11-22"] = NotHeld("too old")
    hub.tick(2000, 2000, SOURCES)

    topics = body(hub, view, None)["topics"]
    assert topics["site@day:2026-11-22"]["handled"]["v"] is None
    assert topics["site@today"]["handled"]["v"] == 6


def test_too_many_topics_or_an_unknown_kpi_refuse_the_subscription() -> None:
    """With a sentence; nothing is subscribed."""
    hub = hub_of(FakeBoard())
    with pytest.raises(BadName, match="101 topics; at most 100"):
        subscribe(hub, *(f"queue:{i}@30m" for i in range(MAX_TOPICS + 1)))
    with pytest.raises(BadName, match="'beauty'"):
        subscribe(hub, "site@30m", kpis=("offered", "beauty"))
    assert hub.size() == (0, 0)


def test_a_pattern_gives_as_many_topics_as_a_view_may_have_and_denies_the_rest() -> None:
    """So one pattern cannot make a tick endless."""
    hub = hub_of(FakeBoard(*(f"queue:{i:04}" for i in range(MAX_EXPANDED + 2))))
    view, answer = hub.subscribe(Subscribe(1, ("queue:*@today",), ("handled",)))

    assert MAX_EXPANDED == len(answer.topics) == len(view.topics)
    assert [d.topic for d in answer.denied] == ["queue:0500@today", "queue:0501@today"]


def test_the_agents_of_a_team_are_topics_and_those_of_nobody_are_denied() -> None:
    """Who comes to the team later comes to the view; nobody gets all agents."""
    board = FakeBoard("agent:a", "agent:z")
    board.people = [person("a", "T"), person("z", "U")]
    hub = hub_of(board)
    asked = ("team:T/agent:*@today", "agent:*@today", "queue:*+agent:*@today")
    view, answer = hub.subscribe(Subscribe(1, asked, ("handled",)))
    board.people.append(person("é", "T"))
    hub.tick(2000, 2000, SOURCES)

    assert answer.topics == ("agent:a@today",)
    assert [d.topic for d in answer.denied] == ["agent:*@today", "queue:*+agent:*@today"]
    assert all("team:T/agent:*" in d.reason for d in answer.denied)
    assert "agent:é@today" in body(hub, view, None)["topics"]


def test_a_full_hub_takes_no_new_view_but_keeps_sharing_the_old_ones() -> None:
    """The limit is on what a tick reads, not on who looks."""
    hub = hub_of(FakeBoard())
    for i in range(MAX_LINES // MAX_TOPICS):
        subscribe(hub, *(f"queue:{i}-{j}@30m" for j in range(MAX_TOPICS)), kpis=("offered",))

    with pytest.raises(BadName, match="try later"):
        subscribe(hub, "site@30m")
    assert subscribe(hub, *(f"queue:0-{j}@30m" for j in range(100)), kpis=("offered",)).clients == 2


def test_since_is_on_the_clock_of_the_messages() -> None:
    """With the events' clock the board's now is years ago; a wall's ticking clock must not care."""
    board = FakeBoard()
    board.put("site@live", "wait_longest", value=30.0, since_ms=970_000)
    hub = hub_of(board)
    view = subscribe(hub, "site@live", kpis=("wait_longest",))
    assert since_of(hub_at(hub, 1_000_000, 1_000_000), view) == 970.0
    assert since_of(hub_at(hub, 1_000_000, 5_000_000_000_000), view) == 5_000_000_000 - 30


def hub_at(hub: Hub, now_ms: int, ts_ms: int) -> Hub:
    """Returns the hub after a tick."""
    hub.tick(now_ms, ts_ms, SOURCES)
    return hub


def since_of(hub: Hub, view: View) -> float:
    """Returns where the oldest wait began."""
    since: float = body(hub, view, None)["topics"]["site@live"]["wait_longest"]["since"]
    return since


def test_sources_come_as_a_number_while_only_their_time_moves() -> None:
    """And whole when their state changed or nobody knows the time."""
    hub = hub_of(FakeBoard())
    view = subscribe(hub, "site@30m")
    moves = []
    for i, state in enumerate(
        [SourceState(2.0, LIVE), SourceState(2.0, "rebuilding"), SourceState(None, "rebuilding")], 2
    ):
        hub.tick(i * 1000, i * 1000, {"calls": state})
        moves.append(body(hub, view, i - 1)["src"])

    assert moves == [
        {"calls": 2.0},
        {"calls": {"as_of": 2.0, "state": "rebuilding"}},
        {"calls": {"as_of": None, "state": "rebuilding"}},
    ]


def test_the_board_stands_where_the_last_tick_left_it() -> None:
    """Whoever reads it between two ticks reads the same `now`."""
    board = FakeBoard()
    hub = hub_of(board)
    hub.tick(7000, 9000, SOURCES)

    assert (hub.board.now_ms, hub.ts_ms) == (7000, 9000)
