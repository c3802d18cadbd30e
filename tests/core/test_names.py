"""Names of segments."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.errors import BadName
from streams.core.names import (
    DIMENSIONS,
    MAX_BYTES,
    dimensions,
    encode,
    matches,
    parse,
    part,
    value_of,
)

VALUES = st.text(min_size=1, max_size=30).filter(
    lambda t: not any(0xD800 <= ord(c) < 0xE000 for c in t)
)


@given(VALUES)
def test_a_value_survives_its_name(value: str) -> None:
    """What a name says is the value, composed."""
    name = part("queue", value)

    assert parse(name) == name
    assert value_of(name, "queue") == unicodedata.normalize("NFC", value)


@given(VALUES)
def test_the_separators_never_stand_in_a_value(value: str) -> None:
    """A name can be taken apart without knowing its values."""
    assert not set(encode(value)) & set("+,@*/|")


@given(st.text(min_size=1, max_size=400))
def test_a_part_is_at_most_200_bytes_and_whole(value: str) -> None:
    """A long value is cut at a whole character, never inside an escape."""
    value = "".join(c for c in value if not 0xD800 <= ord(c) < 0xE000) or "x"
    name = part("queue", value * 3)

    assert len(name.encode()) <= MAX_BYTES
    assert parse(name) == name


def test_parts_stand_in_one_order() -> None:
    """However it is asked for, a segment has one name."""
    assert parse("queue:a+channel:voice") == "channel:voice+queue:a"
    assert parse("site") == "site"
    assert parse("queue:a b%2B") == "queue:a b%2B"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("floor:1", "'floor:1' is not DIMENSION:VALUE"),
        ("queue", "'queue' is not DIMENSION:VALUE"),
        ("queue:", "'queue:' is not DIMENSION:VALUE"),
        ("queue:a+queue:b", "queue stands twice"),
        ("queue:" + "a" * 200, "longer than 200 bytes"),
    ],
)
def test_a_bad_name_is_told_in_a_sentence(name: str, says: str) -> None:
    """The text says which part is wrong."""
    with pytest.raises(BadName, match=says):
        parse(name)


def test_dimensions_of_a_name() -> None:
    """A name tells its dimensions, and the value of each."""
    assert dimensions("site") == ()
    assert dimensions("channel:voice+queue:a") == ("channel", "queue")
    assert value_of("channel:voice+queue:a", "agent") is None
    assert DIMENSIONS[0] == "site"


@pytest.mark.parametrize(
    ("pattern", "segment", "wanted"),
    [
        ("queue:*", "queue:a", True),
        ("queue:*", "channel:voice", False),
        ("queue:*", "channel:voice+queue:a", False),
        ("channel:voice+queue:*", "channel:voice+queue:a", True),
        ("channel:voice+queue:*", "channel:chat+queue:a", False),
        ("queue:a", "queue:a", True),
        ("site", "site", True),
    ],
)
def test_a_star_stands_for_all_values_of_one_dimension(
    pattern: str, segment: str, wanted: bool
) -> None:
    """Patterns match part by part."""
    assert matches(pattern, segment) is wanted
