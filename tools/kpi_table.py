"""The README's table of KPIs, written from the catalogue: `make readme` after a change of it."""

from pathlib import Path

from streams.core.catalogue import Kpi
from streams.core.kpis import KPIS

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- kpis -->", "<!-- /kpis -->"
BETTER = {"higher": "higher", "lower": "lower", "band": "in its band", "context": "–"}


def table() -> str:
    """Return the table in Markdown."""
    head = ["| id | name | what it says | unit | better | target |", "|---|---|---|---|---|---|"]
    return "\n".join([*head, *(row(kpi) for kpi in KPIS.values())])


def row(kpi: Kpi) -> str:
    """Return one KPI's row."""
    cells = [
        f"`{kpi.id}`",
        kpi.name.en,
        kpi.definition.en,
        kpi.unit,
        BETTER[kpi.direction],
        target(kpi),
    ]
    return f"| {' | '.join(cells)} |"


def target(kpi: Kpi) -> str:
    """Return the default target in the KPI's unit, or nothing."""
    if kpi.target is None:
        return ""
    bounds = [("≥", kpi.target.low), ("≤", kpi.target.high)]
    return " ".join(f"{sign} {bound:g}" for sign, bound in bounds if bound is not None)


def replaced(text: str) -> str:
    """Return a README with the table as it should be."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    README.write_text(replaced(README.read_text()))
