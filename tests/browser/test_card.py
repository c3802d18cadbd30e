"""The card: what a number means, one tap away."""

import re

import pytest
from playwright.sync_api import expect

from .conftest import PHONE, WALL, Open
from .pages import settled, tile, violations


def test_a_tap_explains_a_number(visit: Open, complaints: list[str]) -> None:
    """Definition, formula with the figures of now, window, n, target, source, freshness."""
    page = settled(visit())
    tile(page, "service_level").click()
    card = page.get_by_role("dialog", name="Qualité de service")

    expect(card).to_be_visible()
    for said in (
        "Part des contacts", "305 ÷ 412 = 74", "SL-B", "30 min", "n = 412", "≥ 80", "Genesys",
        "Appels", "provisoire",
    ):  # fmt: skip
        expect(card).to_contain_text(re.compile(re.escape(said).replace(r"\ ", r"\s")))
    assert complaints == []


def test_the_keyboard_does_it_all(visit: Open) -> None:
    """Tab to a tile, Enter, arrows to the next KPI, Escape, and the focus is where it was."""
    page = settled(visit())
    page.get_by_role("button", name="En attente").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="En attente")).to_be_visible()

    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("dialog", name="Qualité de service")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("dialog", name="Attente la plus longue")).to_be_visible()

    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="En attente")).to_be_focused()


def test_the_letter_i_opens_and_closes_it(visit: Open) -> None:
    """As the wall itself says in its corner."""
    page = settled(visit())
    page.keyboard.press("i")
    expect(page.get_by_role("dialog", name="Attente la plus longue")).to_be_visible()

    page.keyboard.press("i")
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize("size", [WALL, PHONE], ids=["wall", "phone"])
@pytest.mark.parametrize("query", ["?lang=fr", "?lang=en&theme=light"])
def test_axe_finds_nothing_in_a_card(visit: Open, size: tuple[int, int], query: str) -> None:
    """An open card, on wall and phone, dark and light."""
    page = settled(visit(query, size=size))
    tile(page, "service_level").click()
    expect(page.get_by_role("dialog")).to_contain_text("305")

    assert violations(page) == []
