"""Takes the pictures of `docs/img` from a wall that runs: `python -m tests.browser.pictures URL`.

Start it with `pouls demo`, a while before: lines need some minutes to be worth a picture.
"""

import argparse
import shutil
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from .conftest import FLAGS, PHONE, ROOT, WALL
from .pages import settled

OUT: Final = ROOT / "docs" / "img"
FROZEN_MS: Final = 20_000


def main() -> None:
    """Writes wall.png, wall-frozen.png, wall-card.png and wall-phone.png."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="the wall's address, query included")
    parser.add_argument("--timezone", help="of the operation, for the wall's clock")
    parser.add_argument("--stay", type=float, default=0, help="seconds to look before the first")
    options = parser.parse_args()
    with sync_playwright() as playwright:
        path = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        page = _open(browser, options.url, options.timezone, WALL)
        page.wait_for_timeout(options.stay * 1000)
        _shoot(page, "wall")
        page.locator("[data-kpi=service_level] button").click()
        page.wait_for_timeout(1_500)
        _shoot(page, "wall-card")
        page.keyboard.press("Escape")
        page.evaluate("document.activeElement.blur()")
        page.context.set_offline(True)
        page.locator(".wall.stale").wait_for(timeout=FROZEN_MS)
        page.wait_for_timeout(3_000)
        _shoot(page, "wall-frozen")
        page.close()
        _shoot(_open(browser, options.url, options.timezone, PHONE), "wall-phone")
        browser.close()


def _open(browser: Browser, url: str, zone: str | None, size: tuple[int, int]) -> Page:
    view = ViewportSize(width=size[0], height=size[1])
    page = browser.new_context(viewport=view, timezone_id=zone).new_page()
    page.goto(url)
    return settled(page)


def _shoot(page: Page, name: str) -> None:
    path: Path = OUT / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=path)


if __name__ == "__main__":
    main()
