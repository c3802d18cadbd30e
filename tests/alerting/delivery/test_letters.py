"""A letter has a language, links, and something in it whatever happens."""

from typing import Any

import pytest

from alerting.core.rules import RuleFile
from alerting.delivery.letters import Letters, bare
from alerting.links import Links
from alerting.rulefile import PACK
from streams.core.buckets import Zone
from tests.alerting.delivery.world import PEOPLE
from tests.alerting.telling import CLOCK_MS, event, notice


def letters(**more: Any) -> Letters:
    """Returns who writes."""
    known: dict[str, Any] = {
        "rules": {}, "roster": PEOPLE, "zone": Zone("Europe/Paris"), "language": "en",
        "clock_ms": lambda: CLOCK_MS, "links": Links("https://pouls.example", "secret"),
    }  # fmt: skip
    return Letters(**(known | more))


def rule(name: str) -> Any:
    """Returns a shipped rule."""
    import yaml  # noqa: PLC0415

    raw = yaml.safe_load(PACK.read_text("utf-8"))
    defaults = raw.get("defaults", {})
    one = next(r for r in raw["rules"] if r["id"] == name)
    return RuleFile.model_validate({"version": 1, "rules": [{**defaults, **one}]}).rules[0]


@pytest.mark.parametrize(
    ("address", "said"),
    [("ana/page", "critique"), ("bea/page", "critical"), ("channel:room", "critical")],
)
def test_everybody_is_told_in_his_language(address: str, said: str) -> None:
    """Who has none, in that of the settings."""
    assert said in letters().message(notice(), notice().items, address).subject.lower()


def test_a_link_acknowledges_for_whom_it_is() -> None:
    """For a day."""
    found = letters(wall="https://pouls.example/").about(event(), "ana/page")

    assert found["wall"] == "https://pouls.example/"
    token = found["acknowledge"].partition("?t=")[2]
    checked = Links("https://pouls.example", "secret").check(token, CLOCK_MS + 86_399_999)
    assert checked == (event().episode, "ana/page")
    assert found["acknowledge"] in letters().message(notice(), notice().items, "ana/page").text


def test_what_is_over_needs_nobody() -> None:
    """There is no link then, nor where nothing signs one."""
    assert "acknowledge" not in letters().about(event("resolve"), "ana/page")
    assert letters(links=None).about(event(), "ana/page") == {}


def test_a_rule_has_a_runbook() -> None:
    """If it is still there."""
    known = letters(rules={"abandonment": rule("abandonment")})

    assert known.about(event(), "ana/page")["runbook"].startswith("https://")
    assert "runbook" not in letters().about(event(), "ana/page")


def test_people_have_names() -> None:
    """In what people read."""
    told = notice("ack", event("ack", by="ana", note="on it"))

    assert "Ana Roux" in letters().message(told, told.items, "bea/page").text


def test_a_broken_template_tells_all_the_same(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """In bare words."""

    def broken(*_: Any) -> None:
        raise KeyError("a place")

    monkeypatch.setattr("alerting.delivery.letters.render", broken)
    message = letters().message(notice(), notice().items, "ana/page")

    assert message.subject == "Pouls: fire critical: abandonment queue:sav"
    assert "told in bare words" in caplog.text


def test_bare_words_of_an_announcement() -> None:
    """Are what is announced, in every language; nothing in them is HTML."""
    message = bare(notice("announcement", text={"en": "a < b", "fr": "c"}), ())

    assert (message.text, message.html) == ("a < b\nc", "<pre>a &lt; b\nc</pre>")
    assert bare(notice("test"), ()).subject == "Pouls: test"
