"""The agents on the wall: by state, against their plan, by team; nothing where none are told of."""

import re
import time

import pytest
from playwright.sync_api import Page, expect

from .conftest import PHONE, WALL, Open
from .fake import Scene
from .pages import agents, figure, frozen, overflows, settled, tile, violations
from .scenes import adherence, afternoon, count, occupancy, staffed, value
from .scenes import agents as plan

SCREENS = (WALL, (1366, 768), (3840, 2160), (1280, 1024), (1080, 1920))
STATES = {
    "agents_available": "9 disponibles", "agents_ringing": "1 en sonnerie",
    "agents_on_contact": "17 en contact", "agents_on_hold": "2 en garde",
    "agents_wrap_up": "6 post-appel", "agents_paused": "4 en pause",
    "agents_unknown": "1 inconnu",
}  # fmt: skip


@pytest.fixture
def scene() -> Scene:
    """An operation that tells of its agents."""
    return staffed()


def said(page: Page, kpi: str) -> str:
    """Returns what a count says."""
    return re.sub(r"\s+", " ", agents(page, kpi).inner_text()).strip()


def test_adherence_and_occupancy_have_their_tiles(visit: Open, complaints: list[str]) -> None:
    """Six tiles as ever; each of agents' time says of how many minutes it is."""
    page = settled(visit())

    expect(page.locator(".tile")).to_have_count(6)
    assert (figure(page, "adherence"), figure(page, "occupancy")) == ("92 %", "81 %")
    expect(tile(page, "adherence").locator(".when")).to_have_text("Amazon · 30 min")
    expect(tile(page, "adherence").locator(".sample")).to_have_text("n = 1\u202f180 min-agent")
    expect(tile(page, "occupancy")).to_contain_text(re.compile(r"cible\s70\s%\sà\s85\s%"))
    assert complaints == []


def test_a_revised_adherence_says_so_on_its_tile_and_on_its_card(visit: Open, scene: Scene) -> None:
    """Today and in the last half hour, though both still run; nothing else says it."""
    for topic in ("site@30m", "site@today"):
        scene.topics[topic]["adherence"] = adherence(0.92, 1180) | {"rev": True, "prov": True}
    tiles = "channel:voice/wait_longest@live,adherence@30m,adherence@today,occupancy@30m"
    page = settled(visit(f"?lang=fr&tiles={tiles}"))

    found = tile(page, "adherence")
    expect(found.locator(".when")).to_have_text(["Amazon · 30 min", "Amazon · aujourd’hui"])
    said = "n = 1\u202f180 min-agent · révisé"
    expect(found.locator(".sample")).to_have_text([said, said])
    expect(tile(page, "occupancy").locator(".sample")).to_have_text("n = 1\u202f020 min-agent")
    for one in found.all():
        one.click()
        card = page.get_by_role("dialog")
        expect(card).to_contain_text("révisé : un élément tardif ou corrigé")
        page.keyboard.press("Escape")
    assert not overflows(page)


def test_every_policy_is_named_on_its_tile_and_its_card(visit: Open, scene: Scene) -> None:
    """Whose adherence and within what tolerance, which hours, which costs: by the catalogue."""
    scene.tolerance_ms = 300_000
    scene.topics["site@30m"] |= {
        "adherence": adherence(0.92, 1180) | {"f": "exception+offline-out"},
        "contacts_per_hour": value(4.1, 120, f="paid"),
        "cost_per_contact": value(3.2, 120, f="cost+fixed"),
    }
    scene.topics["site@live"] |= {"agents_missing": count(2) | {"f": "live+offline-out"}}
    scene.topics["team:nantes@30m"] |= {"out_late": value(900, None, f="time+offline-out")}
    tiles = {
        "adherence@30m": "Genesys strict ±5\u00a0min · 30 min",
        "contacts_per_hour@30m": "heures payées · 30 min",
        "cost_per_contact@30m": "coûts fixes compris · 30 min",
        "agents_missing@live": "Amazon 2023 ±5\u00a0min",
        "team:nantes/out_late@30m": "nantes · Amazon 2023 ±5\u00a0min · 30 min",
    }
    page = settled(visit(f"?lang=fr&tiles=wait_longest@live,{','.join(tiles)}"))

    for name, when in tiles.items():
        found = tile(page, name.rpartition("/")[2].partition("@")[0])
        expect(found.locator(".when")).to_have_text(when)
        found.click()
        formula = when.removeprefix("nantes · ").removesuffix(" · 30 min")
        expect(page.get_by_role("dialog")).to_contain_text(f"({formula})")
        page.keyboard.press("Escape")
    assert not overflows(page)


def test_every_state_has_its_count_its_word_and_its_shape(visit: Open) -> None:
    """Planned against present beside them."""
    page = settled(visit())

    assert {kpi: said(page, kpi) for kpi in STATES} == STATES
    expect(page.locator(".states svg")).to_have_count(len(STATES))
    sentence = " · ".join(
        said(page, f"agents_{kpi}")
        for kpi in ("scheduled", "staffed", "out_of_adherence", "missing")
    )
    assert sentence == "42 prévus · 40 présents · 3 hors planning · dont 2 manquants"


def test_only_what_is_abnormal_is_coloured(visit: Open, scene: Scene) -> None:
    """Missing, out of adherence, unknown; with a shape and a word; 0 of them is quiet."""
    scene.topics["site@live"]["agents_unknown"] = count(0)
    page = settled(visit())

    expect(page.locator(".agents li.warning")).to_have_count(2)
    for kpi in ("agents_missing", "agents_out_of_adherence"):
        expect(agents(page, kpi)).to_have_class("warning")
        expect(agents(page, kpi).get_by_role("img", name="Attention")).to_be_visible()
    colour = "e => getComputedStyle(e.querySelector('b')).color"
    plain = agents(page, "agents_available").evaluate(colour)
    assert agents(page, "agents_missing").evaluate(colour) != plain
    assert agents(page, "agents_unknown").evaluate(colour) == plain


def test_teams_stand_by_name_and_none_is_ranked(visit: Open, scene: Scene) -> None:
    """Whatever a team does, its row stays where it is; what is off target is marked in it."""
    page = settled(visit())
    names = page.locator(".teams tbody th")
    expect(names).to_have_text(["brest", "caen", "lyon", "nantes"])
    expect(page.locator("[data-team=nantes] td")).to_have_text(["9/9", "2", "82", "94", "2"])
    expect(
        page.locator("[data-team=nantes] td.critical img, [data-team=nantes] td.critical svg")
    ).to_have_count(2)
    expect(page.locator("[data-team=brest]").locator(".warning, .critical")).to_have_count(0)

    scene.topics["team:brest@live"] |= plan(11, 3, 8, 8)
    scene.topics["team:brest@30m"] = {
        "adherence": adherence(0.3, 330), "occupancy": occupancy(0.99, 330),
    }  # fmt: skip
    cell = page.locator("[data-team=brest] td").first
    expect(cell).to_have_text("3/11")
    expect(cell.get_by_role("img", name="Attention")).to_be_visible()
    expect(page.locator("[data-team=brest] td.critical")).to_have_count(2)
    expect(names).to_have_text(["brest", "caen", "lyon", "nantes"])


def test_teams_without_room_are_not_hidden_in_silence(visit: Open, scene: Scene) -> None:
    """How many there are, and how many of the others ask for a look."""
    for i in range(5):
        scene.topics[f"team:paris {i}@live"] = plan(9, 9 - i % 2, i % 2, i % 2)
    page = settled(visit())

    expect(page.locator(".teams tbody tr")).to_have_count(6)
    expect(page.locator(".teams h2")).to_contain_text("6 sur 9")
    expect(page.locator(".teams h2")).to_contain_text("1 autre à voir")


def test_agents_freeze_with_the_rest(visit: Open, scene: Scene) -> None:
    """No colour, no shape of alarm, the figures that were true last."""
    page = settled(visit())
    expect(agents(page, "agents_missing")).to_have_class("warning")
    scene.stopped_at = time.time() - 20
    frozen(page)
    scene.topics["site@live"]["agents_staffed"] = count(3)
    scene.topics["team:lyon@live"]["agents_staffed"] = count(3)
    page.wait_for_timeout(1_500)

    expect(page.locator(".agents .icon, .teams .icon")).to_have_count(0)
    assert said(page, "agents_staffed") == "40 présents"
    expect(page.locator("[data-team=lyon] td").first).to_have_text("13/14")


def test_lost_figures_of_agents_are_dashes(visit: Open, scene: Scene) -> None:
    """After five minutes nobody knows any more."""
    page = settled(visit(virtual=True))
    expect(agents(page, "agents_staffed")).to_contain_text("40")
    scene.silent = True
    page.clock.fast_forward(301_000)

    expect(page.locator(".wall.lost")).to_be_attached()
    assert said(page, "agents_staffed") == "— présents"
    expect(page.locator("[data-team=lyon] td")).to_have_text(["—/—", "—", "—", "—", "—"])


@pytest.mark.parametrize("told", [None, 0], ids=["no data", "zero"])
def test_without_agents_nothing_is_shown_of_them(
    visit: Open, scene: Scene, told: int | None
) -> None:
    """No empty furniture: the six tiles of contacts, queues and the day."""
    scene.topics = afternoon().topics
    scene.topics["site@live"] |= {
        kpi: count(0) | {"v": told} for kpi in staffed().topics["site@live"] if "agents" in kpi
    }
    scene.topics["team:lyon@live"] = {"waiting": count(2), "agents_staffed": count(0) | {"v": told}}
    page = settled(visit())

    expect(tile(page, "waiting")).to_be_visible()
    expect(tile(page, "wait_mean")).to_be_visible()
    expect(page.locator(".today dl")).to_be_visible()
    expect(page.locator(".agents, .teams, [data-kpi=adherence]")).to_have_count(0)


def test_agents_that_come_later_are_shown_then(visit: Open, scene: Scene) -> None:
    """The first event of the day brings the panel; no reload."""
    everything = scene.topics
    scene.topics = afternoon().topics
    page = settled(visit())
    expect(tile(page, "waiting")).to_be_visible()

    scene.topics = everything
    expect(tile(page, "adherence")).to_be_visible()
    expect(agents(page, "agents_missing")).to_be_visible()


def test_a_card_shows_time_as_people_say_it(visit: Open) -> None:
    """Hours and minutes in the formula, agent-minutes as its sample."""
    page = settled(visit())
    tile(page, "adherence").click()
    card = page.get_by_role("dialog", name="Adhérence")

    for text in ("18 h 06 ÷ 19 h 40 = 92 %", "18 h 06 / 19 h 40", "min-agent", "ignore"):
        expect(card).to_contain_text(re.compile(re.escape(text).replace(r"\ ", r"\s")))


def test_every_count_has_a_card_too_by_keyboard_as_well(visit: Open) -> None:
    """Tab, Enter, arrows, Escape, as on a tile."""
    page = settled(visit())
    button = agents(page, "agents_missing").get_by_role("button")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Absents")).to_contain_text("maintenant")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("dialog", name="Disponibles")).to_be_visible()

    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(button).to_be_focused()
    page.keyboard.press("i")
    expect(page.get_by_role("dialog", name="Absents")).to_be_visible()


def test_the_wall_asks_for_agents_and_teams(visit: Open, scene: Scene) -> None:
    """The topics and KPIs of the protocol."""
    settled(visit())
    asked = scene.asked[0]

    assert {"site@live", "site@30m", "team:*@live", "team:*@30m"} <= set(asked["topics"])
    assert {"adherence", "occupancy", "agents_missing", "agents_on_hold"} <= set(asked["kpis"])


@pytest.mark.parametrize(
    ("size", "lang"),
    [*((size, "fr") for size in SCREENS), (WALL, "en"), ((1366, 768), "en")],
    ids=lambda x: x if isinstance(x, str) else f"{x[0]}x{x[1]}",
)
def test_everything_fits(visit: Open, scene: Scene, size: tuple[int, int], lang: str) -> None:
    """Hundreds of agents, all off target, more teams and queues than rows; live and frozen."""
    scene.topics["site@live"] |= plan(420, 401, 21, 133)
    for kpi in STATES:
        scene.topics["site@live"][kpi] = count(123)
    scene.topics["site@30m"] |= {
        "adherence": adherence(0.81, 11_180), "occupancy": occupancy(0.97, 11_020),
    }  # fmt: skip
    for i in range(6):
        scene.topics[f"queue:file-{i}@live"] = {"waiting": count(100 + i)}
        scene.topics[f"team:sav{i}@live"] = plan(14, 13, 1, 2)
        scene.topics[f"team:sav{i}@30m"] = {
            "adherence": adherence(0.8, 300), "occupancy": occupancy(0.99, 300),
        }  # fmt: skip
    page = settled(visit(f"?lang={lang}&title=SAV", size=size))
    assert overflows(page) == []

    scene.stopped_at = time.time() - 20
    expect(page.locator(".banner")).to_be_visible()
    assert overflows(page) == []


def test_a_phone_scrolls_down_only(visit: Open) -> None:
    """Tiles, agents, queues, teams, the day: one under the other."""
    page = settled(visit(size=PHONE))

    assert [one for one in overflows(page) if not one.startswith("y scrollbar")] == []
    tops = page.evaluate(
        "() => ['.tiles', '.agents', '.queues', '.teams', '.today']"
        ".map((s) => document.querySelector(s).getBoundingClientRect().top)"
    )
    assert tops == sorted(tops)


@pytest.mark.parametrize(
    ("screen", "distance", "gone", "left"),
    [
        (75, 3.7, "courbes, écarts", "9 disponibles"),
        (55, 5, "états des conseillers", "42 prévus"),
        (43, 5, "conseillers, autres indicateurs", None),
    ],
)
def test_letters_of_the_panel_have_the_size_that_the_farthest_seat_needs(
    visit: Open, screen: int, distance: float, gone: str, left: str | None
) -> None:
    """16 minutes of arc; the states give way to the plan, the plan to the tiles, and it is said."""
    page = settled(visit(f"?lang=fr&screen={screen}&distance={distance}"))
    sizes = page.evaluate(
        "() => [...document.querySelectorAll('.agents :is(h2, b, span)')]"
        ".map((e) => parseFloat(getComputedStyle(e).fontSize) / innerHeight)"
    )
    letter = 2 * distance * 0.002327 / 0.72 / (screen * 0.0254 * 9 / 337**0.5)

    assert all(size >= letter * 0.999 for size in sizes)
    expect(page.locator(".hint")).to_contain_text(gone)
    assert overflows(page) == []
    if left is None:
        expect(page.locator(".agents")).to_have_count(0)
    else:
        expect(page.locator(".agents")).to_contain_text(re.compile(left.replace(" ", r"\s*")))


@pytest.mark.parametrize(
    "query", ["?lang=fr", "?lang=en&theme=light", "?lang=fr&screen=55&distance=5"]
)
@pytest.mark.parametrize("size", [WALL, PHONE], ids=["wall", "phone"])
def test_axe_finds_nothing(visit: Open, scene: Scene, size: tuple[int, int], query: str) -> None:
    """Live and frozen."""
    page = settled(visit(query, size=size))
    assert violations(page) == []

    scene.stopped_at = time.time() - 20
    expect(page.locator(".banner")).to_be_visible()
    assert violations(page) == []


def test_english_is_complete(visit: Open) -> None:
    """No French word is left."""
    page = settled(visit("?lang=en"))

    assert said(page, "agents_missing") == "of them 2 missing"
    expect(tile(page, "adherence").locator(".sample")).to_have_text("n = 1,180 agent-minutes")
    words = page.locator(".wall").inner_text().lower()
    assert not re.search(
        r"\b(conseillers|prévus|équipe|dont|planning|inconnu|cible|pause)\b", words
    )
