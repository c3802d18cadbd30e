"""What people read when an alert is told, as the person woken by it."""

import string
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.core.shapes import Event, Facts, Key, Severity
from alerting.core.telling import Next, Notice, NoticeKind
from alerting.language import WORDS
from alerting.meaning import Context as Meaning
from alerting.message import MEMORY_LOST, SHORT, Context, render, title
from alerting.rulefile import PACK, load_rules
from streams.core.buckets import Zone
from streams.core.words import LANGUAGES

RULES = {rule.id: rule for rule in load_rules([PACK], Meaning(), {}).rules}
T = 1_790_000_000_000  # 2026-09-21 16:13:20 in Paris
LINK = "https://wall.example.org/alerts/ack?t=abc"
ABANDONED = Facts(
    segment="queue:sav", kpi="abandonment_rate", window="30m", value=0.2512, n=43, part=11,
    whole=43, unit="ratio", formula="all", threshold=0.25, clear=0.18, target=0.05, since_ms=None,
)  # fmt: skip


def context(**changes: object) -> Context:
    """Returns what is known besides the notice."""
    made = Context(rules=RULES, zone=Zone("Europe/Paris"), now_ms=T + 5000, link=lambda _: LINK)
    return msgspec.structs.replace(made, **changes)


def event(**changes: object) -> Event:
    """Returns an alert."""
    made = Event(
        kind="fire", key=Key("abandonment", "queue:sav"),
        episode=f"abandonment|queue:sav|{T - 60_000}", severity=Severity.CRITICAL, at_ms=T,
        clock_ms=T + 1000, reason="breach", facts=ABANDONED,
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def notice(**changes: object) -> Notice:
    """Returns a notice."""
    then = Next(to=("duty:operations/page",), at_ms=T + 300_000)
    made = Notice(
        id="n", group="g", kind="fire", to=("duty:floor/page",), items=(event(),), then=then,
        clock_ms=T,
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def test_a_critical_alert_in_french_says_all_that_is_needed_at_night() -> None:
    """A critical alert in french says all that is needed at night."""
    message = render(notice(), [event()], "fr", context())
    assert message.subject == "CRITIQUE · 25,1\u00a0% raccrochent dans sav"
    assert message.text.replace("\u00a0", " ") == (
        "CRITIQUE · 25,1 % raccrochent dans sav\n"
        "  Où : file sav\n"
        "  Mesure : Taux d’abandon 25,1 %, seuil 25 %, cible 5 %\n"
        "  Jugé : sur 30 min, 11 sur 43\n"
        "  Depuis : 16:12, il y a 1 min 04 s\n"
        "  Fin prévue : quand ce sera sous 18 % pendant 5 min\n"
        "  Formule : abandonnés ÷ (pris en charge + abandonnés) = 11 ÷ 43\n"
        "  Responsable : floor_manager\n"
        "  Que faire : https://example.org/pouls/abandonment\n"
        "  Ensuite : astreinte operations, à 16:18, si personne ne prend en charge\n"
        f"  Prendre en charge : {LINK}\n"
        "\n-- \nEnvoyé par Pouls."
    )
    assert message.short.replace("\u00a0", " ") == (
        "CRITIQUE · 25,1 % raccrochent dans sav · Taux d’abandon 25,1 %, seuil 25 %, cible 5 % "
        "· depuis 16:12"
    )


def test_what_recovered_says_how_long_it_lasted_and_why_it_ended() -> None:
    """What recovered says how long it lasted and why it ended."""
    over = event(
        kind="resolve", reason="clear", at_ms=T + 600_000,
        facts=msgspec.structs.replace(ABANDONED, value=0.04, part=2, whole=50, n=50),
    )  # fmt: skip
    message = render(notice(kind="resolve"), [over], "en", context())
    assert message.subject == "RESOLVED · 4% give up in sav"
    assert "  Lasted: 11 min\n  Ended because: it has been clear for long enough" in message.text
    assert LINK not in message.text


def test_what_ended_with_nobody_left_has_no_value_to_tell() -> None:
    """What ended with nobody left has no value to tell."""
    facts = Facts(
        segment="queue:sav", kpi="wait_longest", window="live", value=None, n=0, part=None,
        whole=None, unit="seconds", formula="live", threshold=180.0, clear=90.0, target=60.0,
        since_ms=None,
    )  # fmt: skip
    over = event(kind="resolve", reason="clear", key=Key("longest_wait", "queue:sav"), facts=facts)
    message = render(notice(kind="resolve"), [over], "fr", context())
    assert message.subject == "RÉSOLU · Attente la plus longue, file sav"


def test_what_ended_because_of_the_hour_did_not_recover() -> None:
    """What ended because of the hour did not recover."""
    over = event(kind="close", reason="calendar")
    message = render(notice(kind="resolve"), [over], "en", context())
    assert message.subject.startswith("CLOSED · ")
    assert "it has not recovered" in message.text


def test_an_escalation_says_that_nobody_answered() -> None:
    """An escalation says that nobody answered."""
    message = render(notice(kind="escalation"), [event()], "fr", context())
    assert message.subject.startswith("SANS RÉPONSE, CRITIQUE · ")


def test_an_acknowledgement_says_who_and_what_they_noted() -> None:
    """An acknowledgement says who and what they noted."""
    taken = event(kind="ack", by="p1", note="deux renforts arrivent")
    names = {"p1": "Ana"}
    message = render(notice(kind="ack"), [taken], "fr", context(name=names.__getitem__))
    assert message.subject.startswith("PRIS EN CHARGE · ")
    assert "Par\u00a0: Ana\n  Note\u00a0: deux renforts arrivent" in message.text
    assert LINK not in message.text


def test_lost_memory_is_said() -> None:
    """Lost memory is said."""
    message = render(notice(), [event(note=MEMORY_LOST)], "en", context())
    assert "The memory of alerts was lost" in message.text


def test_a_reopened_alert_says_so() -> None:
    """A reopened alert says so."""
    assert "It is back" in render(notice(), [event(kind="reopen")], "en", context()).text


def test_how_long_it_must_be_clear_is_longer_after_each_reopening() -> None:
    """As the event says; one of an older release says nothing, and the rule does."""
    told = render(notice(), [event(hold_ms=1_020_000)], "en", context()).text
    assert "for 17 min" in told.replace("\u00a0", " ")
    assert "for 5 min" in render(notice(), [event()], "en", context()).text.replace("\u00a0", " ")


def test_several_alerts_are_told_in_one_message() -> None:
    """Several alerts are told in one message."""
    other = event(key=Key("longest_wait", "queue:sav"), severity=Severity.WARNING)
    message = render(notice(), [event(), other], "en", context())
    assert message.subject.endswith("(+1)")
    assert message.text.count("Take it on") == 2


def test_agents_time_is_told_in_time_not_in_contacts() -> None:
    """Agents time is told in time not in contacts."""
    facts = Facts(
        segment="team:nord", kpi="adherence", window="30m", value=0.5, n=120, part=3_600_000,
        whole=7_200_000, unit="ratio", formula="ignore", threshold=0.6, clear=0.7, target=None,
        since_ms=None,
    )  # fmt: skip
    low = event(key=Key("adherence", "team:nord"), facts=facts)
    text = render(notice(), [low], "en", context()).text
    assert "adherent time ÷ scheduled time = 1 h 00 min ÷ 2 h 00 min" in text
    assert "Adherence 50%, at least 60% expected" in text
    assert "3600000" not in text.replace(",", "")
    assert "above 70% for 15 min" in text


def test_a_dead_feed_has_neither_segment_nor_sample() -> None:
    """A dead feed has neither segment nor sample."""
    facts = Facts(
        segment="site", kpi="feed_age", window="live", value=75.0, n=None, part=None, whole=None,
        unit="seconds", formula="", threshold=60.0, clear=20.0, target=None, since_ms=None,
    )  # fmt: skip
    dead = event(key=Key("feed_stale", "site"), facts=facts)
    message = render(notice(), [dead], "fr", context())
    assert "Âge des chiffres 1\u00a0min\u00a015\u00a0s, seuil 1\u00a0min" in message.text
    assert "Où" not in message.text


def test_a_rule_that_is_gone_can_still_be_told() -> None:
    """A rule that is gone can still be told."""
    message = render(notice(), [event(key=Key("gone", "queue:sav"))], "fr", context())
    assert message.subject == "CRITIQUE · gone: file sav"


def test_an_announcement_is_its_own_words() -> None:
    """An announcement is its own words."""
    said = notice(kind="announcement", items=(), text={"fr": "Maintenance à 22:00", "en": "At 22"})
    message = render(said, [], "fr", context())
    assert message.subject == "AVIS Maintenance à 22:00"
    assert message.text.startswith("Maintenance à 22:00\n")


def test_names_of_segments_can_neither_write_html_nor_headers() -> None:
    """Names of segments can neither write html nor headers."""
    facts = msgspec.structs.replace(ABANDONED, segment="queue:<b>%0Abcc: x@example.org")
    message = render(notice(), [event(facts=facts)], "en", context())
    assert "<b>" not in message.html
    assert "&lt;b&gt;" in message.html
    assert "\n" not in message.subject
    assert "\n" not in message.short


@given(
    st.sampled_from(sorted(RULES)),
    st.sampled_from(LANGUAGES),
    st.sampled_from(get_args(NoticeKind)),
    st.none() | st.floats(-1e9, 1e9),
    st.text(max_size=80),
)
def test_every_shipped_rule_can_be_told_whatever_it_found(
    rule: str, language: str, kind: str, value: float | None, note: str
) -> None:
    """Every shipped rule can be told whatever it found."""
    facts = msgspec.structs.replace(ABANDONED, value=value, threshold=value, clear=None)
    item = event(key=Key(rule, "queue:" + "x" * 190), facts=facts, note=note, by="p1")
    said = notice(kind=kind, text={"fr": "a", "en": "a"} if kind == "announcement" else {})
    message = render(said, [item], language, context())  # type: ignore[arg-type]
    assert len(message.short) <= SHORT
    assert message.subject
    assert "{" not in message.subject
    assert "None" not in message.text.replace(note, "")


@pytest.mark.parametrize("language", LANGUAGES)
def test_languages_have_the_same_places(language: str) -> None:
    """Languages have the same places."""
    mine, reference = (msgspec.to_builtins(WORDS[name]) for name in (language, "fr"))  # type: ignore[index]
    assert mine.keys() == reference.keys()
    for name, text in reference.items():
        if isinstance(text, dict):
            assert mine[name].keys() == text.keys(), name
        else:
            assert _places(mine[name]) == _places(text), name


def test_titles_fill_the_places_of_their_segments() -> None:
    """Titles fill the places of their segments."""
    assert title(RULES["backlog"], "backlog", msgspec.structs.replace(
        ABANDONED, segment="channel:chat", unit="contacts", value=204.0
    ), Severity.CRITICAL, "fr") == "204 contacts attendent sur chat"  # fmt: skip


def _places(text: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
