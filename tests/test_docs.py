"""The documents and the code keep each other honest."""

import re
from pathlib import Path

import pytest
import typer.main

import pouls
from tools import kpi_table

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
BUILT = {"api/static", "api/static/"}
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def commands() -> set[str]:
    """Return the names of `pouls`' commands."""
    group = typer.main.get_command(pouls.app)
    return set(group.list_commands(typer.Context(group)))  # type: ignore[attr-defined]


def test_the_table_of_kpis_is_the_catalogue() -> None:
    """The README's table is what `make readme` would write."""
    assert kpi_table.replaced(README) == README


def test_every_command_is_in_the_readme() -> None:
    """What `pouls --help` lists, the README explains, and nothing else."""
    assert set(re.findall(r"^\| `pouls ([a-z-]+)`", README, re.MULTILINE)) == commands()


def test_every_target_of_make_is_in_the_readme() -> None:
    """What `make` can do stands in the README, and nothing else."""
    assert set(re.findall(r"^\| `make ([a-z]+)`", README, re.MULTILINE)) == TARGETS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_names_only_what_exists(page: Path) -> None:
    """Links and paths lead to files, and commands in code exist."""
    text = page.read_text()
    links = re.findall(r"\]\(([^)#:]+)\)", text)
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    code = "\n".join([*blocks, *re.findall(r"`([^`\n]+)`", text)])

    paths = set(re.findall(r"`((?:api|deploy|docs|streams|tests|tools)/[\w./-]+)`", text))

    assert [link for link in links if not (page.parent / link).exists()] == []
    assert [path for path in paths - BUILT if not (ROOT / path).exists()] == []
    assert set(re.findall(r"\bmake ([a-z]+)", code)) <= TARGETS
    assert set(re.findall(r"\bpouls ([a-z-]+)", code)) <= commands()
