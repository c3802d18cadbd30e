"""The strip of alerts: what people have to act on, who has it, and acting on it in the browser."""

import re
import time

import pytest
from playwright.sync_api import Page, expect

from .conftest import PHONE, WALL, Open
from .fake import Scene
from .pages import overflows, settled, violations
from .scenes import alarm, alarmed, alarms

SCREENS = (WALL, (1366, 768), (3840, 2160), (1280, 1024), (1080, 1920))


@pytest.fixture
def scene() -> Scene:
    """A staffed afternoon with four alerts."""
    return alarmed()


def first(page: Page) -> str:
    """Returns what the worst alert says."""
    text = page.locator(".strip li").first.inner_text()
    return re.sub(r"\s+", " ", text).strip()


def test_the_worst_alerts_stand_on_top_with_their_age_and_who_has_them(
    visit: Open, complaints: list[str]
) -> None:
    """Two have room, the rest is counted; one that somebody has does not shout."""
    page = settled(visit())
    entries = page.locator(".strip li:not(.more)")
    expect(entries).to_have_count(2)
    expect(page.locator(".strip .more")).to_have_text("+ 2")
    assert re.search(
        r"Un client attend .* lave-linge 01:3\d personne ne s’en occupe → astreinte operations à "
        r"\d\d:\d\d",
        first(page),
    )
    expect(entries.nth(0)).to_have_class("critical")
    expect(entries.nth(1)).to_have_class("critical calm")
    expect(entries.nth(1)).to_contain_text("pris en charge par ana")
    assert complaints == []


@pytest.mark.parametrize("size", SCREENS)
def test_everything_fits_with_alerts_on_every_screen(visit: Open, size: tuple[int, int]) -> None:
    """Nothing is cut off but long titles, on purpose."""
    page = settled(visit(size=size))
    expect(page.locator(".strip li").first).to_be_visible()
    assert overflows(page) == []


def test_on_a_phone_alerts_stand_below_each_other_with_whole_titles(visit: Open) -> None:
    """All four have room."""
    page = settled(visit(size=PHONE))
    expect(page.locator(".strip li")).to_have_count(4)
    assert "pris en charge par ana" in page.locator(".strip").inner_text()


def test_nothing_is_there_while_all_is_well(visit: Open, scene: Scene) -> None:
    """No alert, no strip: colour and room are for what is abnormal."""
    scene.topics["alerts@live"] = alarms()
    page = settled(visit())
    expect(page.locator(".strip")).to_have_count(0)


def test_that_nobody_watches_any_more_is_said(visit: Open, scene: Scene) -> None:
    """A dead evaluator must not look like a quiet day."""
    page = settled(visit())
    expect(page.locator(".unwatched")).to_have_count(0)
    scene.topics["alerts@live"] = alarms(leader=False)
    expect(page.locator(".unwatched")).to_contain_text("LES ALERTES NE SONT PLUS SURVEILLÉES")


def test_an_alert_is_acknowledged_in_the_browser(visit: Open, scene: Scene) -> None:
    """The card tells what was measured; who acts says who they are, once; what ends is gone."""
    page = settled(visit())
    page.locator(".strip li button").first.click()
    card = page.get_by_role("dialog")
    expect(card).to_contain_text("Seuil")
    expect(card).to_contain_text("https://example.org/pouls/longest-wait")
    card.get_by_label("Votre identifiant").fill("bob")
    card.get_by_label("Note").fill("j’appelle du renfort")
    card.get_by_role("button", name="Prendre en charge").click()
    expect(card).to_have_count(0)
    (act,) = scene.acts
    assert (act["do"], act["by"], act["note"]) == ("ack", "bob", "j’appelle du renfort")
    assert act["episode"].startswith("rule|queue:lave-linge|Un client attend")

    scene.topics["alerts@live"] = alarms(
        alarm("critical", "Un client attend", 99,
              acked={"by": "bob", "at": time.time(), "note": "", "until": None})
    )  # fmt: skip
    expect(page.locator(".strip li").first).to_contain_text("pris en charge par bob")
    page.locator(".strip li button").first.click()
    expect(page.get_by_role("button", name="Prendre en charge")).to_have_count(0)


def test_who_has_said_who_they_are_is_not_asked_again(visit: Open, scene: Scene) -> None:
    """And snoozing is for half an hour."""
    page = settled(visit("?lang=en&me=cleo"))
    page.locator(".strip li button").first.click()
    expect(page.get_by_label("Your id")).to_have_value("cleo")
    page.get_by_role("button", name="Snooze for 30 min").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert [(act["do"], act["by"], act["for"]) for act in scene.acts] == [("snooze", "cleo", "30m")]


def test_a_silence_has_an_author_a_reason_and_an_end(visit: Open, scene: Scene) -> None:
    """It is for this rule and this segment, and for two hours."""
    page = settled(visit("?lang=fr&me=cleo"))
    page.locator(".strip li button").first.click()
    page.get_by_label("Note").fill("travaux sur le central")
    page.get_by_role("button", name="Silence 2 h").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    (act,) = scene.acts
    assert act == {
        "do": "silence", "by": "cleo", "note": "travaux sur le central", "for": "2h",
        "match": {"rules": ["longest_wait"], "segments": ["queue:lave-linge"]},
    }  # fmt: skip


def test_the_card_tells_what_happened_and_lets_who_has_it_give_it_back(
    visit: Open, scene: Scene
) -> None:
    """With times, persons, notes and reasons."""
    scene.happened = [
        {"at": "2026-09-21T14:00:00Z", "kind": "fire", "severity": "critical", "reason": "breach",
         "by": None, "note": ""},
        {"at": "2026-09-21T14:02:00Z", "kind": "ack", "severity": "critical", "reason": "person",
         "by": "ana", "note": "deux renforts"},
    ]  # fmt: skip
    page = settled(visit("?lang=fr&me=ana"))
    page.locator(".strip li button").nth(1).click()
    page.locator("summary").click()
    expect(page.locator("details li")).to_have_count(2)
    expect(page.locator("details li").nth(1)).to_contain_text(
        "prise en charge · ana · deux renforts"
    )
    page.get_by_role("button", name="Relâcher").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert [(act["do"], act["by"]) for act in scene.acts] == [("unack", "ana")]


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        ((409, {"error": "il est déjà fini"}), "il est déjà fini"),
        ((202, {"recorded": True, "taken_in": False}), "pas encore pris en compte"),
        (
            (400, {"error": "bad request", "parameters": [{"name": "by", "message": "nobody"}]}),
            "by : nobody",
        ),
    ],
)
def test_what_was_not_done_is_said(
    visit: Open, scene: Scene, verdict: tuple[int, dict[str, object]], said: str
) -> None:
    """Refused, not taken in yet, wrong: the card stays and says why."""
    scene.verdict = verdict
    page = settled(visit("?lang=fr&me=bob"))
    page.locator(".strip li button").first.click()
    page.get_by_role("button", name="Prendre en charge").click()
    expect(page.locator(".said")).to_contain_text(said)


def test_while_the_numbers_stand_still_alerts_have_no_colour(visit: Open, scene: Scene) -> None:
    """Nobody knows whether they still hold."""
    page = settled(visit())
    background = "e => getComputedStyle(e).backgroundColor"
    live = page.locator(".strip li").first.evaluate(background)
    scene.stopped_at = time.time() - 11
    expect(page.locator(".wall.stale")).to_be_visible()
    assert page.locator(".strip li").first.evaluate(background) != live


def test_the_strip_and_its_card_can_be_used_without_eyes_or_mouse(visit: Open) -> None:
    """No violation of the rules of accessibility; keyboard only."""
    page = settled(visit())
    assert violations(page) == []
    page.locator(".strip li button").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
