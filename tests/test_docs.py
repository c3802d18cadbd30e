"""The documents and the code keep each other honest."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

import pouls
from streams.core.events import TYPES
from streams.schema import schema
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


def told_types() -> Iterator[tuple[str, set[str]]]:
    """Yield the types of the table in docs/events.md, with the fields that are required."""
    page = (ROOT / "docs/events.md").read_text()
    for row in re.findall(r"^\| (`[a-z]+\.[a-z].*)", page, re.MULTILINE):
        types, _, data = row.split(" | ", 2)
        for name in re.findall(r"`([a-z]+\.[a-z_]+)`", types):
            yield name, set(re.findall(r"\*\*`(\w+)`\*\*", data))


def checked_types() -> dict[str, set[str]]:
    """Return the types that the decoder knows, with the fields that it requires."""
    found: dict[str, set[str]] = {}
    of_events: dict[str, dict[str, Any]] = schema("events")["$defs"]
    for event in of_events.values():
        attributes = event["properties"]
        if "type" in attributes:
            data = attributes.get("data", {}).get("$ref", "").rpartition("/")[2]
            required = "data" in event["required"] and of_events[data].get("required", [])
            found[attributes["type"]["enum"][0]] = set(required or ())
    return found


def test_every_type_of_event_is_told_with_what_it_must_say() -> None:
    """The table of docs/events.md is what the decoder accepts and refuses."""
    told = list(told_types())
    assert dict(told) == checked_types()
    assert {name for name, _ in told} == TYPES
    assert len(told) == len(TYPES)


def test_every_decision_is_in_the_table() -> None:
    """A page of docs/decisions that the table does not name is not found by anybody."""
    folder = ROOT / "docs/decisions"
    rows = re.findall(r"^\| \[.+?\]\((.+?)\)", (folder / "README.md").read_text(), re.MULTILINE)
    assert sorted(rows) == sorted({page.name for page in folder.glob("*.md")} - {"README.md"})


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
