"""The one formatter: the same bytes for the same number, wherever it is printed."""

import csv
import io
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.numbers import Value, csv_text, json_text, number

FINITE = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs"]))
"""Names of segments: control characters are percent-encoded in them."""
VALUES = st.one_of(st.none(), st.integers(), FINITE, TEXTS)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (0, "0"),
        (30161, "30161"),
        (0.0, "0.0"),
        (35.0, "35.0"),
        (0.1, "0.1"),
        (1 / 3, "0.3333333333333333"),
        (0.7368421052631579, "0.7368421052631579"),
        (1e-7, "1e-07"),
    ],
)
def test_a_number_is_written_in_its_shortest_form(value: float | None, text: str) -> None:
    """A count has no point, a duration or ratio always has one, no data is empty."""
    assert number(value) == text


@given(FINITE)
def test_a_number_reads_back_equal(value: float) -> None:
    """The shortest form loses nothing."""
    assert math.copysign(1, float(number(value))) == math.copysign(1, value)
    assert float(number(value)) == value


@given(st.lists(st.lists(VALUES, min_size=2, max_size=2), max_size=5))
def test_csv_and_json_hold_the_same_table(rows: list[list[Value]]) -> None:
    """Both read back to what went in, and print every number in the same bytes."""
    read = json.loads(json_text(["a", "b"], rows))

    assert read == {"columns": ["a", "b"], "rows": rows}
    lines = list(csv.reader(io.StringIO(csv_text(["a", "b"], rows), newline="")))
    assert lines == [
        ["a", "b"],
        *([v if isinstance(v, str) else number(v) for v in row] for row in rows),
    ]


def test_no_data_is_an_empty_field_and_null() -> None:
    """`None` never becomes 0."""
    rows: list[list[Value]] = [["2026-11-24", 'queue:a"b', 3, None, 0.5]]
    columns = ["start", "segment", "offered", "wait_mean", "service_level"]

    assert csv_text(columns, rows) == (
        'start,segment,offered,wait_mean,service_level\n2026-11-24,"queue:a""b",3,,0.5\n'
    )
    assert json_text(columns, rows) == (
        '{"columns":["start","segment","offered","wait_mean","service_level"],'
        '"rows":[["2026-11-24","queue:a\\"b",3,null,0.5]]}'
    )
