"""Small tables: which lines they have, what is wrong with them, dates and times."""

import datetime as dt

import pytest

from streams.core.tables import Columns, date, moment, rows

COLUMNS = Columns(("a", "b"), ("c",))
STRICT = COLUMNS._replace(strict=True)


def read(text: str | bytes, columns: Columns = COLUMNS) -> tuple[list[object], list[str]]:
    """Returns the rows of a table, and what is refused."""
    raw = text.encode() if isinstance(text, str) else text
    refused: list[str] = []
    found = rows(
        raw.splitlines(keepends=True),
        columns,
        lambda n, field, why: refused.append(f"{n}: {field}: {why}"),
    )
    return [(n, *row.items()) for n, row in found], refused


def test_columns_are_found_by_name() -> None:
    """In any order, in any case, after a mark of UTF-8; what a header lacks is empty."""
    assert read('\ufeffB , a,other\r\n 1,"2, 3",\n\n,,\nx,y,z') == (
        [
            (2, ("c", ""), ("b", "1"), ("a", "2, 3"), ("other", "")),
            (5, ("c", ""), ("b", "x"), ("a", "y"), ("other", "z")),
        ],
        [],
    )


@pytest.mark.parametrize(
    ("columns", "header", "sentence"),
    [
        (COLUMNS, "c", "header: does not name the columns a, b"),
        (COLUMNS, "a,b,c,C", "header: names twice the columns c"),
        (STRICT, "a,b,d,e", "header: names 'd', 'e'; there are a, b, c"),
        (STRICT, "a,b,", "header: names ''; there are a, b, c"),
        (STRICT, '"a', "line: is not CSV: unexpected end of data"),
    ],
)
def test_under_a_bad_header_there_is_nothing(columns: Columns, header: str, sentence: str) -> None:
    """It is told once."""
    assert read(f"\n{header}\n1,2\n1,2,3\n", columns) == ([], [f"2: {sentence}"])


def test_a_bad_line_does_not_stop_the_others() -> None:
    """A quotation mark spoils its own line only."""
    found, refused = read(b'a,b\n1\n"1,2\n1,2,3\n\xe9,2\n3,4\n')
    assert [row[0] for row in found] == [6]  # type: ignore[index]
    assert refused == [
        "2: line: 1 values under 2 columns",
        "3: line: is not CSV: unexpected end of data",
        "4: line: 3 values under 2 columns",
        "5: line: is not UTF-8 from byte 1 on",
    ]


@pytest.mark.parametrize(
    "text", ["", "20261124", "2026-1-24", "2026-02-29", "1899-12-31", "9999-01-01", "2026-W48-2"]
)
def test_what_is_no_date_is_none(text: str) -> None:
    """Only YYYY-MM-DD is, between years that every time zone can reach."""
    assert date(text) is None


def test_a_date_is_a_date() -> None:
    """As people write it."""
    assert date("2026-11-24") == dt.date(2026, 11, 24)


@pytest.mark.parametrize(
    "text",
    [
        "", "2026-11-24", "2026-11-24T09:00Z", "2026-11-24T09:00:00", "2026-11-24T24:00:00Z",
        "1899-11-24T09:00:00Z", "9999-11-24T09:00:00Z", "2026-11-24T09:00:00+25:00",
    ],
)  # fmt: skip
def test_what_is_no_instant_is_none(text: str) -> None:
    """Only RFC 3339 is, with an offset."""
    assert moment(text) is None


@pytest.mark.parametrize(
    "text", ["2026-11-24T09:00:00Z", "2026-11-24t09:00:00.0z", "2026-11-24 10:00:00+01:00"]
)
def test_an_instant_has_an_offset(text: str) -> None:
    """Small letters and a space are RFC 3339, too."""
    assert moment(text) == dt.datetime(2026, 11, 24, 9, tzinfo=dt.UTC)
