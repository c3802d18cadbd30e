"""A headless Chromium, the built wall, and a fake server for each test."""

import importlib.util
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from .fake import FakeServer, Scene
from .scenes import afternoon

ROOT: Final = Path(__file__).resolve().parents[2]
FLAGS: Final = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
WALL: Final = (1920, 1080)
PHONE: Final = (390, 844)
Open = Callable[..., Page]


def builder() -> ModuleType:
    """Returns `api/wall/build.py`, which is no part of a package."""
    spec = importlib.util.spec_from_file_location("build_wall", ROOT / "api/wall/build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks everything in here as a browser test."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def built() -> Path:
    """The folder of the wall, built as its sources say."""
    module = builder()
    module.build()
    folder: Path = module.PAGE.parent
    return folder


@pytest.fixture(scope="session")
def browser(built: Path) -> Iterator[Browser]:
    """Debian's Chromium."""
    assert built.is_dir()
    with sync_playwright() as playwright:
        path = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def scene() -> Scene:
    """What the server of a test says."""
    return afternoon()


@pytest.fixture
def server(scene: Scene) -> Iterator[FakeServer]:
    """The server of a test, started."""
    server = FakeServer(scene)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def complaints() -> list[str]:
    """What the page's console and its errors said."""
    return []


@pytest.fixture
def visit(browser: Browser, server: FakeServer, complaints: list[str]) -> Iterator[Open]:
    """Opens the wall: `visit("?lang=en", size=PHONE, motion="reduce")`."""
    pages: list[Page] = []

    def visit(
        query: str = "?lang=fr", *, size: tuple[int, int] = WALL, virtual: bool = False
    ) -> Page:
        page = browser.new_page(viewport={"width": size[0], "height": size[1]}, locale="fr-FR")
        pages.append(page)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        if virtual:
            page.clock.install()
        page.goto(f"{server.url}/{query}")
        return page

    yield visit
    for page in pages:
        page.close()
