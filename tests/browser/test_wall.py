"""What the wall shows while all is well, on every screen and in both languages."""

import gzip
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from .conftest import PHONE, WALL, Open
from .fake import Scene
from .pages import figure, overflows, settled, tile, violations
from .scenes import empty, level, value, wait

SCREENS = (WALL, (1366, 768), (3840, 2160), (1280, 1024), (1080, 1920), PHONE)
EXPECTED = {
    "waiting": "19", "service_level": "74 %", "abandonment_rate": "4,1 %", "wait_mean": "00:35",
    "handle_time_mean": "05:48",
}  # fmt: skip


def test_every_tile_has_its_figure(visit: Open, complaints: list[str]) -> None:
    """Six tiles, each with the server's number as people write it."""
    page = settled(visit())

    assert {kpi: figure(page, kpi) for kpi in EXPECTED} == EXPECTED
    assert re.fullmatch(r"04:1\d", figure(page, "wait_longest"))
    assert complaints == []


def test_a_target_stands_beside_its_value(visit: Open) -> None:
    """A number without a target cannot be acted upon; one without says so."""
    page = settled(visit())

    expect(tile(page, "service_level")).to_contain_text(re.compile(r"cible\s≥\s80\s%"))
    expect(tile(page, "service_level")).to_contain_text("6 pts sous la cible")
    expect(tile(page, "handle_time_mean")).to_contain_text("sans cible")


def test_a_status_is_a_colour_and_a_shape_and_a_word(visit: Open) -> None:
    """Who sees no colours reads the same."""
    page = settled(visit())

    for kpi, status, word in (
        ("wait_longest", "critical", "Critique"),
        ("service_level", "warning", "Attention"),
        ("abandonment_rate", "ok", "Dans la cible"),
    ):
        expect(tile(page, kpi)).to_have_class(f"tile {status}")
        expect(tile(page, kpi).get_by_role("img", name=word)).to_be_visible()
        expect(tile(page, kpi).locator(".verdict")).to_contain_text(word)


def test_the_formula_and_the_sample_are_on_the_tile(visit: Open) -> None:
    """Service level is never shown without saying which one, over what, of how many."""
    page = settled(visit())

    expect(tile(page, "service_level").locator(".when")).to_have_text("SL-B · 30 min")
    expect(tile(page, "service_level").locator(".sample")).to_have_text("n = 412")


def test_no_data_is_a_dash_and_never_zero(visit: Open, scene: Scene, complaints: list[str]) -> None:
    """A share of nothing is no share; a count of nothing is 0."""
    scene.topics = empty().topics
    page = settled(visit())

    for kpi in ("service_level", "abandonment_rate", "wait_mean", "handle_time_mean"):
        assert figure(page, kpi) == "—"
        expect(tile(page, kpi)).to_contain_text("aucune donnée")
    assert figure(page, "waiting") == "0"
    assert figure(page, "wait_longest") == "—"
    expect(tile(page, "wait_longest")).to_contain_text("personne n’attend")
    assert complaints == []


def test_few_contacts_are_greyed_and_not_judged(visit: Open, scene: Scene) -> None:
    """67 % of three contacts says little, so it is not red."""
    scene.topics["site@30m"]["service_level"] = level(0.67, 3)
    page = settled(visit())

    expect(tile(page, "service_level")).to_have_class("tile none faint")
    expect(tile(page, "service_level")).to_contain_text("trop peu de contacts")
    expect(tile(page, "service_level")).to_contain_text("n = 3")


def test_the_worst_queue_comes_first(visit: Open) -> None:
    """By status, then by wait; names as people wrote them, commas and all."""
    page = settled(visit())
    names = page.locator("tbody th").all_inner_texts()

    assert names[:3] == ["lave-linge", "garantie", "installation"]
    assert "chat,sav" in names
    expect(page.locator("tbody tr").first.locator("td.critical").first).to_contain_text("04:1")


def test_a_wait_ticks_by_itself(visit: Open, scene: Scene) -> None:
    """Between two messages the longest wait goes on, as waits do."""
    page = settled(visit())
    scene.silent = True
    before = figure(page, "wait_longest")

    expect(tile(page, "wait_longest").locator(".value")).not_to_have_text(before)


def test_a_value_does_not_move_when_it_changes(visit: Open, scene: Scene) -> None:
    """Nothing around a figure moves by a pixel while figures change."""
    page = settled(visit())
    boxes = (
        "() => [...document.querySelectorAll('.tile, .room, .gauge, tbody tr')]"
        ".map((e) => JSON.stringify(e.getBoundingClientRect()))"
    )
    before = page.evaluate(boxes)
    for number in (18, 7, 103):
        scene.topics["site@live"]["waiting"] = value(number, number, f="live")
        scene.topics["site@30m"]["abandonment_rate"]["v"] = number / 1000
        expect(tile(page, "waiting").locator(".value")).to_have_text(str(number))

    assert page.evaluate(boxes) == before


@pytest.mark.parametrize(
    ("size", "lang"),
    [*((size, "fr") for size in SCREENS), (WALL, "en"), (PHONE, "en")],
    ids=lambda x: x if isinstance(x, str) else f"{x[0]}x{x[1]}",
)
def test_everything_fits(visit: Open, scene: Scene, size: tuple[int, int], lang: str) -> None:
    """No scrollbar, no cut text, live and frozen, with a wait of hours and many queues."""
    long = wait(scene.states(0)["calls"]["as_of"] or 0, None, 0)
    scene.topics["channel:voice@live"]["wait_longest"] = {
        **long,
        "v": 40_000.0,
        "n": 1234,
        "st": "critical",
    }
    for i in range(6):
        scene.topics[f"queue:file-{i}@live"] = {"waiting": value(100 + i, 100 + i, f="live")}
    page = settled(visit(f"?lang={lang}&title=SAV", size=size))
    assert overflows(page) == []

    scene.stopped_at = scene.states(0)["calls"]["as_of"]
    expect(page.locator(".banner")).to_be_visible()
    assert overflows(page) == []


@pytest.mark.parametrize(
    ("screen", "distance", "gone"),
    [
        (75, 3.7, "courbes, écarts"),
        (55, 5, "courbes, écarts, files"),
        (43, 5, "autres indicateurs"),
    ],
)
def test_letters_have_the_size_that_the_farthest_seat_needs(
    visit: Open, screen: int, distance: float, gone: str
) -> None:
    """16 minutes of arc; what does not fit then is left out, and the wall says so."""
    page = settled(visit(f"?lang=fr&screen={screen}&distance={distance}"))
    sizes = page.evaluate(
        "() => [...document.querySelectorAll('.tile :is(h2, .scope, .verdict)')]"
        ".map((e) => parseFloat(getComputedStyle(e).fontSize) / innerHeight)"
    )
    letter = 2 * distance * 0.002327 / 0.72 / (screen * 0.0254 * 9 / 337**0.5)

    assert min(sizes) >= letter * 0.999
    expect(page.locator(".hint")).to_contain_text(gone)
    assert overflows(page) == []


@pytest.mark.parametrize(
    "query", ["?lang=fr", "?lang=en&theme=light", "?lang=fr&screen=55&distance=5"]
)
@pytest.mark.parametrize("size", [WALL, PHONE], ids=["wall", "phone"])
def test_axe_finds_nothing(visit: Open, size: tuple[int, int], query: str) -> None:
    """WCAG 2.2 AA and best practice, as far as a program can see."""
    assert violations(settled(visit(query, size=size))) == []


def test_english_is_complete(visit: Open) -> None:
    """No French word is left on the English wall."""
    page = settled(visit("?lang=en"))

    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(tile(page, "service_level")).to_contain_text("6 pts below target")
    expect(page.locator("footer")).to_contain_text("Live")
    words = page.locator(".wall").inner_text().lower()
    assert not re.search(r"\b(cible|file|attente|depuis|aujourd|données|abandonnés)\b", words)


def test_without_a_language_the_server_says_which(visit: Open, scene: Scene) -> None:
    """A kiosk's browser speaks the language of its distribution, not that of the room."""
    scene.locale = "en"
    page = settled(visit(""))

    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_role("button", name="Longest wait")).to_be_visible()


def test_lines_do_not_begin_empty(visit: Open, scene: Scene) -> None:
    """The half hour before is asked for once; what is true now has no past."""
    page = settled(visit())

    expect(tile(page, "service_level").locator(".spark .line")).to_be_attached()
    expect(tile(page, "handle_time_mean").locator(".spark .line")).to_be_attached()
    expect(tile(page, "waiting").locator(".spark .line")).to_have_count(0)
    asked = -1
    while asked != len(scene.looked_up):  # one question follows the other
        asked = len(scene.looked_up)
        page.wait_for_timeout(500)
    page.reload()
    settled(page)
    assert len(scene.looked_up) == asked


def test_the_address_says_which_tiles(visit: Open, scene: Scene) -> None:
    """Another segment, another window, any KPI: a bookmark is a view."""
    scene.topics["queue:pro@60m"] = {"talk_time_mean": value(61.0, 40)}
    page = visit("?lang=fr&title=Nuit&tiles=queue:pro/talk_time_mean@60m,waiting")

    expect(page.locator("h1")).to_contain_text("Nuit")
    expect(tile(page, "talk_time_mean").locator(".when")).to_have_text("pro · 60 min")
    expect(tile(page, "talk_time_mean").locator(".value")).to_have_text("01:01")
    expect(tile(page, "waiting").locator(".value")).to_have_text("19")
    asked = scene.asked[0]
    assert {"queue:pro@60m", "site@live", "site@30m"} <= set(asked["topics"])


def test_motion_is_left_out_where_it_is_not_wanted(visit: Open) -> None:
    """The one outline pulse of a status is off under prefers-reduced-motion."""
    page = settled(visit())
    name = "getComputedStyle(document.querySelector('.tile.critical')).animationName"
    assert page.evaluate(name) == "pulse"

    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(name) == "none"


def test_the_bundle_keeps_its_budget(built: Path) -> None:
    """60 kB of script and 10 kB of style, compressed."""
    sizes = {
        kind: sum(len(gzip.compress(path.read_bytes())) for path in built.glob(f"*.{kind}"))
        for kind in ("js", "css")
    }

    assert sizes["js"] <= 60_000
    assert sizes["css"] <= 10_000
