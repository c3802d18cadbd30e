"""What tests look for on a page."""

import json
import re
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Locator, Page, expect

AXE: Final = Path(__file__).resolve().parents[2] / "api/wall/node_modules/axe-core/axe.min.js"
RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOURED: Final = (
    ":is(.tile, td).ok, :is(.tile, td, .agents li).warning, :is(.tile, td, .agents li).critical"
)
SPILLS: Final = (Path(__file__).parent / "spills.js").read_text(encoding="utf-8")


def tile(page: Page, kpi: str) -> Locator:
    """Returns a tile."""
    return page.locator(f"[data-kpi={kpi}]")


def figure(page: Page, kpi: str) -> str:
    """Returns a tile's figure as it is read aloud."""
    return re.sub(r"\s", " ", tile(page, kpi).locator(".figure").inner_text())


def agents(page: Page, kpi: str) -> Locator:
    """Returns a count in the panel of agents."""
    return page.locator(f"[data-agents={kpi}]")


def phase(page: Page) -> str:
    """Returns the phase that the whole wall is drawn in."""
    return (page.locator(".wall").get_attribute("class") or "").removeprefix("wall ")


def settled(page: Page) -> Page:
    """Waits for the first figures."""
    expect(tile(page, "wait_longest").locator(".value")).to_have_text(re.compile(r"\d|—"))
    expect(page.locator(".wall.live")).to_be_attached()
    return page


def frozen(page: Page) -> None:
    """Expects everything that a frozen wall shows."""
    expect(page.locator(".banner")).to_contain_text("DONNÉES FIGÉES")
    expect(page.locator(COLOURED)).to_have_count(0)
    expect(tile(page, "service_level")).to_contain_text("Figé")


def violations(page: Page) -> list[str]:
    """Returns what axe-core objects to."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    run = f"axe.run({{runOnly: {json.dumps(RULES)}}})"
    found: dict[str, Any] = page.evaluate(run)
    return [
        f"{one['id']}: {node['html']} {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


def overflows(page: Page) -> list[str]:
    """Returns scrollbars and contents that do not fit where they stand."""
    wide, high = page.evaluate(
        "() => { const e = document.documentElement; return "
        "[e.scrollWidth - innerWidth, e.scrollHeight - innerHeight] }"
    )
    bars = [f"{name} scrollbar: {by} px" for name, by in (("x", wide), ("y", high)) if by > 0]
    spills: list[str] = page.evaluate(SPILLS)
    return bars + spills
