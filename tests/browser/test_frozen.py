"""What the wall shows when its numbers cannot be believed, and how it comes back alone.

Where a rule names seconds, the page's own clock is moved: nothing here waits for them.
"""

import re
import time

import pytest
from playwright.sync_api import expect

from .conftest import PHONE, WALL, Open
from .fake import FakeServer, Scene
from .pages import COLOURED, figure, frozen, phase, settled, tile, violations

BACK_MS = 30_000
"""How long a test waits for the wall to come back by itself: 15 s at most, and a slow machine."""


def test_a_silent_server_freezes_the_wall_after_ten_seconds(visit: Open, scene: Scene) -> None:
    """Half-open sockets included: the tick is the heartbeat, nothing else is believed."""
    page = settled(visit(virtual=True))
    scene.silent = True
    page.clock.fast_forward(8_000)
    expect(page.locator(".wall.delayed")).to_be_attached()
    expect(page.locator("footer")).to_contain_text("Retard")

    page.clock.fast_forward(2_500)
    frozen(page)
    expect(page.locator(".banner")).to_contain_text("le serveur ne répond plus")


def test_a_dead_worker_freezes_the_wall_though_the_server_lives(visit: Open, scene: Scene) -> None:
    """The link is well, the data are not: the age of `as_of` counts."""
    page = settled(visit())
    scene.stopped_at = time.time() - 9
    expect(page.locator(".wall.delayed")).to_be_attached()

    scene.stopped_at = time.time() - 10.5
    frozen(page)
    expect(page.locator(".banner")).to_contain_text("« Appels » n’avance plus")
    expect(page.locator(".banner")).to_contain_text(re.compile(r"depuis 00:1\d"))

    scene.stopped_at = None
    expect(page.locator(".wall.live")).to_be_attached()
    expect(tile(page, "wait_longest")).to_have_class("tile critical")


def test_clocks_and_figures_stand_still_while_frozen(visit: Open, scene: Scene) -> None:
    """What is shown is what was true then, also when the server goes on to send other numbers."""
    page = settled(visit())
    scene.stopped_at = time.time() - 20
    frozen(page)
    before = {kpi: figure(page, kpi) for kpi in ("wait_longest", "waiting", "service_level")}
    scene.topics["site@live"]["waiting"]["v"] = 3
    clock = page.locator(".clock").inner_text()
    expect(page.locator(".clock")).not_to_have_text(clock)

    assert {kpi: figure(page, kpi) for kpi in before} == before


def test_after_five_minutes_the_figures_go(visit: Open, scene: Scene) -> None:
    """Then they are of no use to anybody; the moment they were true stays."""
    page = settled(visit(virtual=True))
    scene.silent = True
    page.clock.fast_forward(301_000)

    expect(page.locator(".wall.lost")).to_be_attached()
    assert {figure(page, kpi) for kpi in ("wait_longest", "waiting", "service_level")} == {"—"}
    expect(page.locator(".banner")).to_contain_text("valeurs retirées")


def test_it_comes_back_alone_when_the_server_does(
    visit: Open, server: FakeServer, scene: Scene
) -> None:
    """Killed, then a proxy that answers 502, then the server: no reload, no hand."""
    page = settled(visit())
    page.evaluate("window.sameePage = true")
    server.stop()
    expect(page.locator(".wall.stale")).to_be_attached(timeout=BACK_MS)
    frozen(page)

    scene.broken = True
    server.start()
    scene.topics["site@live"]["waiting"]["v"] = 7
    scene.broken = False
    expect(page.locator(".wall.live")).to_be_attached(timeout=BACK_MS)
    expect(tile(page, "waiting").locator(".value")).to_have_text("7")
    assert page.evaluate("window.sameePage") is True


def test_a_lost_message_is_made_good(visit: Open, scene: Scene) -> None:
    """A hole in the sequence: the wall asks for everything again and stays live."""
    page = settled(visit())
    scene.topics["site@live"]["waiting"]["v"] = 8
    scene.skips = 3

    expect(tile(page, "waiting").locator(".value")).to_have_text("8")
    assert [asked["type"] for asked in scene.asked] == ["subscribe", "resync"]
    assert phase(page) == "live"


def test_rebuilding_is_said_and_nothing_is_judged(visit: Open, scene: Scene) -> None:
    """Figures of a half-read log are shown, but neither green nor red."""
    scene.rebuilding = ("calls",)
    page = settled(visit())

    expect(page.locator(".banner")).to_contain_text("RECONSTRUCTION EN COURS")
    expect(page.locator(".banner")).to_contain_text("Appels")
    expect(page.locator(COLOURED)).to_have_count(0)
    assert figure(page, "waiting") == "19"
    assert violations(page) == []

    scene.rebuilding = ()
    expect(page.locator(".banner")).to_have_count(0)
    expect(tile(page, "wait_longest")).to_have_class("tile critical")


def test_a_page_opened_while_the_server_is_away_says_so(
    visit: Open, server: FakeServer, scene: Scene
) -> None:
    """No zeros, no colours: dashes and a sentence; then it begins by itself."""
    page = visit(virtual=True)
    settled(page)
    server.stop()
    scene.silent = True
    server.start()
    page.reload()
    page.clock.fast_forward(6_000)
    expect(page.locator(".banner")).to_contain_text("LE SERVEUR NE RÉPOND PAS")
    assert figure(page, "waiting") == "—"
    expect(page.locator(COLOURED)).to_have_count(0)

    scene.silent = False
    page.clock.fast_forward(16_000)
    expect(page.locator(".wall.live")).to_be_attached(timeout=BACK_MS)


def test_a_new_build_reloads_the_page_once_the_server_is_there(
    visit: Open, server: FakeServer, scene: Scene
) -> None:
    """Behind a gate, within half a minute; the trails of the sparklines survive."""
    page = settled(visit(virtual=True))
    page.evaluate("document.body.dataset.old = true")
    server.stop()
    scene.build = "two"
    server.start()
    page.clock.fast_forward(16_000)
    expect(page.locator(".wall.live")).to_be_attached(timeout=BACK_MS)

    page.clock.fast_forward(31_000)
    expect(page.locator("body[data-old]")).to_have_count(0)
    assert page.evaluate("sessionStorage.getItem('pouls.trails')") is not None


@pytest.mark.parametrize("size", [WALL, PHONE], ids=["wall", "phone"])
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_axe_finds_nothing_in_a_frozen_wall(
    visit: Open, scene: Scene, size: tuple[int, int], theme: str
) -> None:
    """Grey on grey still has to be read."""
    page = settled(visit(f"?lang=fr&theme={theme}", size=size))
    scene.stopped_at = time.time() - 42
    frozen(page)

    assert violations(page) == []
