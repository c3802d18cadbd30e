"""The wall of a real system: `pouls demo`, its worker frozen under the viewer's eyes."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.integration.demo import Running

from .conftest import WALL
from .pages import frozen, settled, tile

pytestmark = pytest.mark.integration
PATIENCE_MS = 60_000
"""How long a step may take on a busy machine."""


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """A demo that shows numbers."""
    for demo in Running.on(tmp_path):
        demo.wait_for_numbers()
        yield demo


def test_a_frozen_worker_freezes_the_wall_until_it_goes_on(
    browser: Browser, running: Running
) -> None:
    """Numbers, then the banner and no colour, then numbers again: no reload, no hand."""
    page = browser.new_page(viewport={"width": WALL[0], "height": WALL[1]})
    page.set_default_timeout(PATIENCE_MS)
    try:
        page.goto(f"http://127.0.0.1:{running.port}/?lang=fr")
        settled(page)
        number = re.compile(r"\d")
        expect(tile(page, "service_level").locator(".value")).to_have_text(number)
        page.evaluate("window.samePage = true")
        worker = running.children()["pouls worker"]

        worker.suspend()
        expect(page.locator(".wall.stale")).to_be_attached(timeout=PATIENCE_MS)
        frozen(page)

        worker.resume()
        expect(page.locator(".wall.live")).to_be_attached(timeout=PATIENCE_MS)
        expect(page.locator(".banner")).to_have_count(0)
        expect(tile(page, "service_level").locator(".value")).to_have_text(number)
        assert page.evaluate("window.samePage") is True
    finally:
        page.close()
