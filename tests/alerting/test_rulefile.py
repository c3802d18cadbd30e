"""Rule files: every mistake at once, each with its line."""

from pathlib import Path

import pytest

from alerting.meaning import Context
from alerting.rulefile import PACK, RuleMistakes, load_rules
from streams.core.calendars import ALWAYS, Calendar

CONTEXT = Context(calendars={"always": Calendar(ALWAYS)})
RULE = """\
  - id: {id}
    title: {{en: A, fr: B}}
    metric: abandonment_rate
    levels: {{warning: {{raise: {{above: 8%}}, clear: {{below: 6%}}}}}}
    owner: floor
    runbook: https://example.org/a
    action_plan: {{template: a, responsible: floor}}
"""


def complaints(tmp_path: Path, text: str, **environ: str) -> list[str]:
    """Return the mistakes of a file, without its name."""
    file = tmp_path / "rules.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(RuleMistakes) as caught:
        load_rules([file], CONTEXT, environ)
    return [line.removeprefix(f"{file}:") for line in caught.value.complaints]


def test_every_mistake_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    """Shape and sense, of every rule; one mistake is no excuse for the others."""
    text = """\
version: 1
defaults: {for: 2m, nofor: 1}
channels: {room: "${ROOM_URL}"}
routes: [{to: [channel:room]}]
rules:
  - id: a
    title: {en: "x {quee}", fr: "y"}
    metric: abandonment_rat
    levels:
      warning: {raise: {above: 8%}, clear: {below: 9%}}
      critical: {raise: {above: 7%}, clear: {below: soon}, for: 5s}
    owner: me
    runbook: http://x
    action_plan: {template: "${X}"}
  - id: a
    title: {en: x, fr: y}
    metric: adherence
    select: [agent:*]
    window: 2h
    levels: {warning: {raise: {below: 80%}, clear: {above: 85%}}}
    owner: me
    owner: you
    levle: 3
    action_plan: {template: a, responsible: b, plan_within: 3}
"""
    assert complaints(tmp_path, text) == [
        "2: defaults.nofor: no key is called so; did you mean 'for'?",
        "3: channels.room: ${ROOM_URL}: the environment has no such variable",
        "7: a.title.en: {quee}: no place is called so; did you mean 'queue'?",
        "8: a.metric: 'abandonment_rat': no KPI is called so; did you mean 'abandonment_rate'?",
        (
            "10: a.levels.warning.clear: must lie on the safe side of raise, above 0.08: below "
            "something less"
        ),
        "11: a.levels.critical.clear.below: 'soon' is no amount such as 8%, 120s or 25",
        (
            "11: a.levels.critical.for: critical: 5s is shorter than evaluate_every, 10s "
            "(0s = at once)"
        ),
        "13: a.runbook: 'http://x' is no https address",
        "14: a.action_plan.responsible: is missing",
        "14: a.action_plan.template: ${X}: variables may stand in channels only",
        "14: a.action_plan.template: '${X}' is not written like ^[a-z][a-z0-9_]{0,63}$",
        "15: a.id: 'a' stands twice",
        "15: a.runbook: is missing",
        "18: a.select: numbers of a single agent go to people, not to channel:room (critical)",
        "22: a.owner: stands twice",
        "23: a.levle: no key is called so; did you mean 'levels'?",
        "24: a.action_plan.plan_within: must be text, not 3",
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("rules: [", "1: is not YAML"),
        ("just text", "1: must be a table with version and rules"),
        ("", "1: must be a table with version and rules"),
        ("version: 2\nrules: []", "1: version: 2 is none of 1"),
        ("rules: []", "1: version: is missing"),
        ("version: 1\nrules: 3", "2: rules: must be a list, not 3"),
        ("version: 1\nrules: [3]", "2: rules.0: must be a table, not 3"),
        ("version: 1\nrules: []\nchannels: {No 1: x}", "3: channels.No 1: 'No 1' is no name"),
        ("version: 1\nrules: []\nchannels: 7", "3: channels: must be a table, not 7"),
        ("version: 1\nrules: []\nchannels: {a: 7}", "3: channels.a: must be text, not 7"),
        ("version: 1\nrules: []\ndefaults: 7", "3: defaults: must be a table, not 7"),
        ("version: 1\nrules: []\ndefaults: {guard: {min: 3}}", "3: defaults.guard.min: no key"),
        ("version: 1\nrules: []\nroutes: [{}]", "3: routes.0: must have one of to and chain"),
        ("version: 1\nrules: []\nroutes: [{to: [a]}]", "3: routes.0.to.0: 'a' is not written"),
        ("version: 1\nrules: []\nversion: 1", "3: version: stands twice"),
        (f"version: 1\nrules:\n{RULE.format(id='a')}    guard: {{confidence: 2}}", "10: a.guard."),
    ],
)
def test_what_is_no_rule_file_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    """Each with its line."""
    assert any(line.startswith(complaint) for line in complaints(tmp_path, text))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """Like any other mistake."""
    with pytest.raises(RuleMistakes, match=r"none\.yaml: cannot be read"):
        load_rules([tmp_path / "none.yaml"], CONTEXT, {})


def test_rules_take_what_they_do_not_say_from_the_defaults(tmp_path: Path) -> None:
    """A guard key by key; what a rule says stands."""
    file = tmp_path / "rules.yaml"
    file.write_text(
        f"""\
version: 1
defaults: {{for: 30s, keep_firing_for: 9m, guard: {{min_samples: 40, windows: [30m]}}, owner: all}}
rules:
{RULE.format(id="a")}    guard: {{min_samples: 20}}
{RULE.format(id="b")}    guard: none
    for: 1m
"""
    )
    a, b = load_rules([file], CONTEXT, {}).rules

    assert (a.guard.min_samples, a.guard.windows, a.for_) == (20, ["30m"], 30_000)
    assert (b.guard.confidence, b.for_, b.keep_firing_for) == (None, 60_000, 540_000)
    assert a.owner == "floor"


def test_addresses_may_name_variables(tmp_path: Path) -> None:
    """They are secrets: whoever sends reads them, and whoever only checks needs none of them."""
    file = tmp_path / "rules.yaml"
    file.write_text('version: 1\nchannels: {room: "https://example.org/${KEY}"}\nrules: []\n')

    for environ in (None, {"KEY": "s3cret"}):
        loaded = load_rules([file], CONTEXT, environ)
        assert loaded.routing.channels == {"room": "https://example.org/${KEY}"}


def test_an_id_stands_in_one_file_only(tmp_path: Path) -> None:
    """State is kept by it."""
    files = [tmp_path / "one.yaml", tmp_path / "two.yaml"]
    for file in files:
        file.write_text(f"version: 1\nrules:\n{RULE.format(id='a')}")
    with pytest.raises(RuleMistakes) as caught:
        load_rules(files, CONTEXT, {})

    assert caught.value.complaints == [f"{files[1]}:3: a.id: 'a' is in {files[0]}, too"]


def test_the_shipped_rules_are_right() -> None:
    """By the default settings."""
    rules = load_rules([PACK], CONTEXT, {}).rules

    assert len(rules) == 8
    assert all(rule.enabled for rule in rules)


@pytest.mark.parametrize(
    "text",
    [
        "version: 1\nrules: &a [*a]\n",
        "version: 1\nrules: " + "[" * 3000 + "]" * 3000,
        "version: 1\nrules: []\nx: 2026-02-30\n",
        "version: " + "9" * 5000 + "\nrules: []\n",
        "version: 0x_\nrules: []\n",
        "version: 1\nrules: []\nx: !!timestamp y\n",
        "version: 1\nrules: []\nx: " + ":".join(["59"] * 400) + ".5\n",
        "version: 1\ndefaults: {for: " + "9" * 400 + "d}\nrules: []\n",
        "version: 1\nrules: []\nchains: {c: [{notify: channel:x, vai: page}]}\n",
    ],
    ids=["itself", "deep", "date", "digits", "hex", "timestamp", "sixties", "years", "key"],
)
def test_whatever_stands_in_a_file_it_is_refused_in_words(tmp_path: Path, text: str) -> None:
    """A file that nobody can read must not end a process that watches it."""
    path = tmp_path / "rules.yaml"
    path.write_text(text)
    with pytest.raises(RuleMistakes, match=r"rules\.yaml"):
        load_rules([path], Context())
