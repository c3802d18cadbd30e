"""Where things stand in a YAML file, and what stands there."""

from collections.abc import Iterator, Mapping

import yaml

Path = tuple[str | int, ...]
"""Keys and places in lists, from the top."""


def texts(raw: object, path: Path) -> Iterator[tuple[Path, str]]:
    """Yields every text with its place."""
    if isinstance(raw, Mapping):
        for key, value in raw.items():
            yield from texts(value, (*path, key))
    elif isinstance(raw, list):
        for i, value in enumerate(raw):
            yield from texts(value, (*path, i))
    elif isinstance(raw, str):
        yield path, raw


def lines_of(node: yaml.Node | None, path: Path) -> Iterator[tuple[Path, int]]:
    """Yields on which line each key and item stands."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*path, key.value)
            yield here, key.start_mark.line + 1
            yield from lines_of(value, here)
    elif isinstance(node, yaml.SequenceNode):
        for i, item in enumerate(node.value):
            yield (*path, i), item.start_mark.line + 1
            yield from lines_of(item, (*path, i))


def twice(node: yaml.Node | None, path: Path) -> Iterator[Path]:
    """Yields keys that stand twice in one table; YAML would silently take the last."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                yield (*path, key.value)
            seen.add(key.value)
            yield from twice(value, (*path, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for i, item in enumerate(node.value):
            yield from twice(item, (*path, i))


def refuse_endless(node: yaml.Node | None, above: frozenset[int] = frozenset()) -> None:
    """Refuses an alias that stands somewhere inside of what it stands for.

    Raises:
        ValueError: there is one.
    """
    if id(node) in above:
        raise ValueError("a table or list contains itself")
    inside: list[yaml.Node] = []
    if isinstance(node, yaml.MappingNode):
        inside = [each for pair in node.value for each in pair]
    elif isinstance(node, yaml.SequenceNode):
        inside = node.value
    for each in inside:
        refuse_endless(each, above | {id(node)})
