"""How a report is written: CSV and JSON for programs, aligned columns for people."""

import json
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from streams.core.buckets import iso
from streams.core.numbers import Value, csv_text, json_text
from streams.core.reading import Reading
from streams.report import Report

READING: Final = (
    "segment", "kpi", "window", "value", "n", "part", "whole", "status", "target", "formula"
)  # fmt: skip
"""What the JSON says of a reading, as `/api/v1/readings` does."""
NO_DATA: Final = "–"
UNREMARKABLE: Final = {"disorder", "lost"}
"""Counts of the ledger that say nothing about the file."""
TEXTS: Final = 2
"""So many columns of text come first: start and segment."""


def as_csv(report: Report) -> str:
    """Returns the table as CSV."""
    return csv_text(*report.table)


def as_json(report: Report) -> str:
    """Returns the table's columns and rows, or the readings of one window."""
    if not report.readings:
        return json_text(*report.table) + "\n"
    readings = [_plain(reading) for reading in report.readings]
    return json.dumps({"as_of": iso(report.at_ms), "readings": readings}, ensure_ascii=False) + "\n"


def as_table(report: Report) -> str:
    """Returns the table in aligned columns: texts to the left, numbers to the right, rounded."""
    columns, rows = report.table
    cells = [columns, *([_cell(value) for value in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "".join(_line(row, widths) for row in cells)


OUTPUTS: Final[Mapping[str, Callable[[Report], str]]] = {
    "csv": as_csv,
    "json": as_json,
    "table": as_table,
}


def remarks(report: Report) -> list[str]:
    """Returns what happened to events besides being folded or refused; for standard error."""
    counts = sorted(report.counts.items())
    return [f"{name}: {n}" for name, n in counts if n and name not in UNREMARKABLE]


def _plain(reading: Reading) -> dict[str, object]:
    everything = msgspec.to_builtins(reading)
    return {name: everything[name] for name in READING}


def _cell(value: Value) -> str:
    if value is None:
        return NO_DATA
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _line(row: list[str], widths: list[int]) -> str:
    cells = [
        cell.ljust(width) if i < TEXTS else cell.rjust(width)
        for i, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(cells).rstrip() + "\n"
