"""What makes no sense in who is told, each with the sentence that says so."""

import re
from pathlib import Path
from typing import Any

import pytest

from alerting.core.routes import Route
from alerting.core.rules import RuleFile
from alerting.meaning import Context
from alerting.meaning_routes import mistakes, unheard
from alerting.rulefile import PACK, load_rules
from streams.core.calendars import ALWAYS, Calendar
from tests.alerting.core.views import FILLED, level

PAGE = Path(__file__).parents[2] / "docs/alert-routes.md"
CONTEXT = Context(calendars={"day": Calendar(ALWAYS)}, people=frozenset({"ana", "bo"}))
SHARE: dict[str, Any] = {
    **FILLED,
    "metric": "abandonment_rate",
    "levels": {"warning": level("above", "8%", "6%"), "critical": level("above", "15%", "12%")},
}
AGENTS = {**SHARE, "id": "agents", "select": ["agent:*"], "window": "2h"}
KNOWN: dict[str, Any] = {
    "channels": {"room": "https://example.org/room"},
    "duties": {"boss": ["ana"]},
    "schedules": {"floor": {"ical": "floor.ics", "calendar": "day"}},
}
CHAIN = [{"notify": "duty:floor"}, {"wait": "5m"}, {"notify": ["duty:boss", "channel:room"]}]


def files(*said: dict[str, Any]) -> list[RuleFile]:
    """Return files."""
    return [RuleFile.model_validate({"version": 1, **one}) for one in said]


def told(*said: dict[str, Any], context: Context = CONTEXT) -> list[str]:
    """Return what is wrong with files, PLACE: SENTENCE, of several with their numbers."""
    several = len(said) > 1
    return [
        f"{f'{i} ' if several else ''}{'.'.join(map(str, m.path))}: {m.sentence}"
        for i, m in mistakes(files(*said), context)
    ]


def of(**said: object) -> dict[str, Any]:
    """Return a file in which names stand for something."""
    return {**KNOWN, "rules": [SHARE], **said}


@pytest.mark.parametrize(
    "said",
    [
        of(routes=[{"to": ["duty:floor", "duty:boss", "channel:room", "supervisor"]}]),
        of(chains={"up": CHAIN}, routes=[{"match": {"severity": "critical"}, "chain": "up"}]),
        of(routes=[{"to": ["channel:room"], "digest": "10m", "via": "mail"}]),
        of(fallback="channel:room"),
        of(routes=[{"to": ["duty:boss"], "group_by": ["rule", "severity", "queue"]}]),
        of(
            rules=[SHARE, {**SHARE, "id": "b"}],
            inhibit=[{"if": {"rule": "rule"}, "mute": {"rule": ["b"]}, "equal": ["queue"]}],
        ),
        of(
            rules=[AGENTS, SHARE],
            routes=[
                {"match": {"segment": ["agent:*"]}, "to": ["supervisor"]},
                {"to": ["channel:room"]},
            ],
        ),
    ],
)
def test_what_makes_sense_is_not_complained_of(said: dict[str, Any]) -> None:
    """Routes, chains, digests, inhibition, a fallback."""
    assert told(said) == []


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        (of(routes=[{}]), "routes.0: must have one of to and chain: who is told?"),
        (
            of(chains={"up": CHAIN}, routes=[{"to": ["supervisor"], "chain": "up"}]),
            "routes.0: must have one of to and chain: who is told?",
        ),
        (
            of(routes=[{"to": ["channel:rom"]}]),
            "routes.0.to.0: no channel is called so; did you mean 'room'?",
        ),
        (
            of(routes=[{"to": ["duty:flor"]}]),
            "routes.0.to.0: no duty is called so; did you mean 'floor'?; who holds it stands",
        ),
        (
            of(chains={"up": CHAIN}, routes=[{"chain": "uo"}]),
            "routes.0.chain: no chain is called so; did you mean 'up'?",
        ),
        (
            of(chains={"up": CHAIN}, routes=[{"chain": "up", "via": "mail"}]),
            "routes.0.via: the steps of the chain say it",
        ),
        (
            of(chains={"up": CHAIN}, routes=[{"chain": "up", "digest": "10m"}]),
            "routes.0.digest: a chain is for what must not wait",
        ),
        (
            of(routes=[{"match": {"rule": ["rules"]}, "to": ["supervisor"]}]),
            "routes.0.match.rule.0: no rule is called so; did you mean 'rule'?",
        ),
        (
            of(routes=[{"match": {"segment": ["queue"]}, "to": ["supervisor"]}]),
            "routes.0.match.segment.0: segment 'queue': 'queue' is not DIMENSION:VALUE",
        ),
        (
            of(routes=[{"to": ["supervisor"], "group_by": ["rule", "quee"]}]),
            "routes.0.group_by.1: no dimension is called so; did you mean 'queue'?",
        ),
        (
            of(routes=[{"to": ["supervisor"], "group_by": ["rule", "rule"]}]),
            "routes.0.group_by.1: rule stands twice",
        ),
        (
            of(routes=[{"to": ["supervisor"], "repeat": "2m"}]),
            "routes.0.repeat: must be at least group_interval",
        ),
        (
            of(routes=[{"to": ["supervisor"], "repeat": "0s", "group_interval": "20s"}]),
            "routes.0.repeat: must be at least a minute",
        ),
        (
            of(routes=[{"to": ["supervisor"], "group_wait": "10m"}]),
            "routes.0.group_wait: must not be longer than group_interval",
        ),
        (
            of(routes=[{"to": ["supervisor"], "digest": "1s"}]),
            "routes.0.digest: must be at least a minute",
        ),
        (
            of(routes=[{"to": ["supervisor"]}, {"to": ["duty:boss"]}]),
            "routes.1: a route before takes all of it: see continue",
        ),
        (
            of(
                routes=[
                    {"match": {"rule": ["rule"], "segment": ["site", "queue:*"]},
                     "to": ["duty:boss"]},
                    {"match": {"rule": ["rule"], "segment": ["site"], "severity": "critical"},
                     "to": ["duty:boss"]},
                ]
            ),
            "routes.1: a route before takes all of it: see continue",
        ),
        (of(chains={"up": [{}]}), "chains.up.0: must be one of notify and wait"),
        (
            of(chains={"up": [{"notify": "duty:boss", "wait": "1m"}]}),
            "chains.up.0: must be one of notify and wait",
        ),
        (
            of(chains={"up": [{"notify": ["duty:bos"]}]}),
            "chains.up.0.notify.0: no duty is called so; did you mean 'boss'?; who holds",
        ),
        (
            of(chains={"up": [{"wait": "1m"}, {"notify": "duty:boss"}]}),
            "chains.up.0: a chain begins with notify: group_wait is for waiting",
        ),
        (
            of(chains={"up": [{"notify": "duty:boss"}, {"wait": "1m"}]}),
            "chains.up.1: nobody is told after it: take it out",
        ),
        (
            of(chains={"up": [CHAIN[0], {"wait": "0s"}, CHAIN[0]]}),
            "chains.up.1.wait: no time to take it on; leave it out to tell both at once",
        ),
        (
            of(chains={"up": [CHAIN[0], {"wait": "1m", "via": "page"}, CHAIN[0]]}),
            "chains.up.1.via: belongs to notify",
        ),
        (
            of(schedules={"floor": {"ical": "floor.ics", "calendar": "dai"}}),
            "schedules.floor.calendar: no calendar is called so; did you mean 'day'?",
        ),
        (
            of(duties={"boss": ["anna"]}),
            "duties.boss.0: no person of people.csv is called so; did you mean 'ana'?",
        ),
        (of(duties={"boss": ["bo", "bo"]}), "duties.boss.1: 'bo' stands twice"),
        (
            of(duties={"floor": ["ana"]}),
            "duties.floor: 'floor' has a rota under schedules, too",
        ),
        (
            of(fallback="duty:boss"),
            "fallback: must be a channel: it is told when people cannot be",
        ),
        (
            of(fallback="channel:rom"),
            "fallback: no channel is called so; did you mean 'room'?",
        ),
        (
            of(inhibit=[{"if": {"rule": "rul"}, "mute": {"rule": ["rule"]}}]),
            "inhibit.0.if.rule: no rule is called so; did you mean 'rule'?",
        ),
        (
            of(inhibit=[{"if": {"rule": "rule"}, "mute": {"rule": ["rul"]}}]),
            "inhibit.0.mute.rule.0: no rule is called so; did you mean 'rule'?",
        ),
        (
            of(inhibit=[{"if": {"rule": "rule"}, "mute": {"rule": ["rule"]}}]),
            "inhibit.0.mute.rule.0: a rule does not mute itself",
        ),
        (
            of(inhibit=[{"if": {"rule": "rule"}, "equal": ["quee"]}]),
            "inhibit.0.equal.0: no dimension is called so; did you mean 'queue'?",
        ),
        (
            of(
                rules=[SHARE, {**SHARE, "id": "b"}, {**SHARE, "id": "c"}],
                inhibit=[
                    {"if": {"rule": "rule"}, "mute": {"rule": ["b"]}},
                    {"if": {"rule": "b"}, "mute": {"rule": ["c"]}},
                    {"if": {"rule": "c"}},
                ],
            ),
            "inhibit.2: c and b would mute each other, and nobody be told",
        ),
        (
            of(rules=[AGENTS], routes=[{"to": ["duty:boss", "channel:room"]}]),
            "rules.0.select: numbers of a single agent go to people, not to channel:room (crit",
        ),
        (
            of(
                rules=[AGENTS],
                chains={"up": CHAIN},
                routes=[
                    {"match": {"segment": ["agent:*"]}, "to": ["supervisor"], "continue": True},
                    {"match": {"severity": "warning"}, "chain": "up"},
                ],
            ),
            "rules.0.select: numbers of a single agent go to people, not to channel:room (warning)",
        ),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_said(said: dict[str, Any], complaint: str) -> None:
    """One mistake, one sentence."""
    (found,) = told(said)

    assert found.startswith(complaint)


def test_all_files_are_one_set() -> None:
    """A name of one file stands for something in another; none stands in two."""
    rules = {"rules": [SHARE]}
    routes = {**KNOWN, "fallback": "channel:room", "chains": {"up": CHAIN},
              "routes": [{"match": {"rule": ["rule"]}, "chain": "up"}]}  # fmt: skip

    assert told(rules, routes) == []
    assert told(routes, rules) == []
    assert told(rules, routes, {"channels": {"room": "x"}, "fallback": "channel:room"}) == [
        "2 channels.room: 'room' is in a file before, too",
        "2 fallback: is in a file before, too",
    ]


def test_where_nobody_is_known_duties_may_name_anybody() -> None:
    """There is no people.csv."""
    assert told(of(duties={"boss": ["carl"]}), context=Context(calendars=CONTEXT.calendars)) == []


def test_alerts_of_which_nobody_is_told_are_named() -> None:
    """They are on walls only: whoever checks rule files should know."""
    critical = of(routes=[{"match": {"severity": "critical"}, "to": ["duty:boss"]}])
    sites = of(routes=[{"match": {"segment": ["queue:sav", "site"]}, "to": ["duty:boss"]}])
    off = of(rules=[{**SHARE, "enabled": False}])

    assert unheard(files(critical)) == ["rule: no route tells anybody of warning"]
    assert unheard(files(sites)) == []
    assert unheard(files(off)) == []
    assert unheard(files(of(rules=[SHARE, AGENTS]))) == [
        "there are no routes: alerts are shown on walls, and nobody is told"
    ]


def test_the_example_of_the_docs_is_right(tmp_path: Path) -> None:
    """Beside the shipped rules, all of which are told then."""
    (text,) = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    file = tmp_path / "routes.yaml"
    file.write_text(text, "utf-8")
    context = Context(calendars={"voice": Calendar(ALWAYS)}, people=frozenset({"ana", "bo"}))
    loaded = load_rules([PACK, file], context)

    assert loaded.unheard == []
    assert loaded.routing.duties == {"direction": ("ana", "bo")}


def test_the_docs_name_every_key_of_a_route() -> None:
    """With its default."""
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", PAGE.read_text("utf-8"), re.MULTILINE))
    fields = {field.alias or name for name, field in Route.model_fields.items()}

    assert fields == rows.keys() - {"snoozed", "flapping"}
    assert rows["group_wait"] == "`20s`"
