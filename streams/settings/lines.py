"""On which line of a TOML file a key stands, which `tomllib` does not tell.

The file's beginnings are parsed, one line more each time: the first one that has a key ends with
the statement that sets it. Quadratic, exact, and only done for a file with a mistake.
"""

import tomllib
from collections.abc import Iterator, Mapping

KeyPath = tuple[str, ...]
"""A key with the tables that it stands in."""


def lines_of(text: str) -> dict[KeyPath, int]:
    """Returns the first line of the statement that sets a key, for every key and table."""
    found: dict[KeyPath, int] = {}
    lines = text.split("\n")
    begin = 1
    for n in range(1, len(lines) + 1):
        try:
            parsed = tomllib.loads("\n".join(lines[:n]))
        except tomllib.TOMLDecodeError:  # in the middle of a statement
            continue
        for path in _paths(parsed, ()):
            found.setdefault(path, begin)
        begin = n + 1
    return found


def _paths(table: Mapping[str, object], above: KeyPath) -> Iterator[KeyPath]:
    for key, value in table.items():
        yield (*above, key)
        if isinstance(value, Mapping):
            yield from _paths(value, (*above, key))
