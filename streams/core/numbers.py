"""How a number is written: one formatter for the report and the history, CSV and JSON alike."""

import csv
import io
import json
from collections.abc import Iterable, Sequence

Number = int | float
Value = str | Number | None
"""A field of a row; `None` = no data."""


def number(value: Number | None) -> str:
    """Returns a number, shortest round trip; a count has no point; no data is empty."""
    return "" if value is None else repr(value)


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[Value]]) -> str:
    """Returns a table as CSV (RFC 4180 but for LF line ends); no data = an empty field.

    Names of segments have no control characters, so every row is one line.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([v if isinstance(v, str) else number(v) for v in row] for row in rows)
    return out.getvalue()


def json_text(columns: Sequence[str], rows: Iterable[Sequence[Value]]) -> str:
    """Returns a table as `{"columns":[…],"rows":[[…]]}`; no data = null."""
    body = ",\n".join(f"[{','.join(map(_json, row))}]" for row in rows)
    return f'{{"columns":[{",".join(map(_json, columns))}],"rows":[{body}]}}'


def _json(value: Value) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return "null" if value is None else number(value)
