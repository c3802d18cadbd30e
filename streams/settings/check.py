"""Finds every mistake in a tree of tables, given the structs that it should be.

`msgspec.convert` stops at the first mistake; this walks the same structs and goes on.
"""

import difflib
import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec

from streams.settings.lines import KeyPath

WORDS: Final = {
    "float": "a number",
    "int": "a whole number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
}


class Mistake(NamedTuple):
    """Something that cannot stay as it is."""

    path: KeyPath
    """The key, with its tables."""
    sentence: str


def mistakes(value: object, wanted: Any, path: KeyPath = ()) -> Iterator[Mistake]:  # noqa: ANN401
    """Yields what is wrong with a value.

    Args:
        value: as parsed.
        wanted: the type that it should have: a struct, a dict, or anything `msgspec` can check.
        path: where the value stands.
    """
    if isinstance(wanted, type) and issubclass(wanted, msgspec.Struct):
        fields = get_type_hints(wanted, include_extras=True)
        yield from _table(value, path, fields, None)
    elif get_origin(wanted) is dict:
        keys, values = get_args(wanted)
        names = get_args(keys) if get_origin(keys) is Literal else None
        yield from _table(
            value, path, dict.fromkeys(names or (), values), None if names else values
        )
    else:
        yield from _leaf(value, wanted, path)


def unknown(name: str, known: Iterable[str], what: str = "key") -> str:
    """Returns a sentence about a name that nobody knows, with the one that was probably meant."""
    known = list(known)
    close = difflib.get_close_matches(name, known, 1, 0.5)
    hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known)}"
    return f"no {what} is called so; {hint}"


def _table(
    value: object,
    path: KeyPath,
    fields: Mapping[str, Any],
    others: Any,  # noqa: ANN401
) -> Iterator[Mistake]:
    if not isinstance(value, Mapping):
        yield Mistake(path, f"must be a table, not {_shown(value)}")
        return
    for key, inner in value.items():
        if wanted := fields.get(key, others):
            yield from mistakes(inner, wanted, (*path, key))
        else:
            yield Mistake((*path, key), unknown(key, fields))


def _leaf(value: object, wanted: Any, path: KeyPath) -> Iterator[Mistake]:  # noqa: ANN401
    options = _options(wanted)
    if options and value not in options:
        yield Mistake(path, f"{_shown(value)} is none of {', '.join(options)}")
        return
    try:
        msgspec.convert(value, wanted, strict=True)
    except msgspec.ValidationError as exc:
        told = str(exc).partition(", got ")[0].partition(" - at ")[0].removeprefix("Expected ")
        yield Mistake(path, f"must be {_plain(told)}, not {_shown(value)}")


def _options(wanted: Any) -> tuple[str, ...]:  # noqa: ANN401
    """Returns the strings that a literal, or one that may be absent, allows."""
    if get_origin(wanted) in (Union, types.UnionType):
        return next((found for part in get_args(wanted) if (found := _options(part))), ())
    return get_args(wanted) if get_origin(wanted) is Literal else ()


def _plain(told: str) -> str:
    """Returns what `msgspec` expects, in words."""
    for word, plain in WORDS.items():
        told = told.replace(f"`{word}", f"`{plain}").replace(f" | {word}", f" | {plain}")
    return told.replace("`", "").replace(" | null", "").replace(" | ", " or ")


def _shown(value: object) -> str:
    return repr(value) if isinstance(value, str) else f"{value}".lower()
