"""Query strings, and everything that can be wrong with them."""

import pytest

from api.params import BadRequest, Params
from streams.core.buckets import Zone

PARIS = Zone("Europe/Paris")
KNOWN = ("segment", "kpi", "from")


def names(query: str) -> list[str]:
    """Returns the names of the parameters that are wrong."""
    params = Params(query, KNOWN)
    params.many("segment")
    params.choice("kpi", str)
    params.moment("from", PARIS)
    return sorted({m.name for m in params.mistakes})


def test_lists_come_by_comma_or_by_repetition() -> None:
    """Or both; each value once, in the order given."""
    params = Params("segment=site,queue:a&segment=queue:b,site", KNOWN)

    assert params.many("segment") == ["site", "queue:a", "queue:b"]


def test_a_plus_between_two_parts_of_a_segment_stays_a_plus() -> None:
    """Nobody has to encode `channel:voice+queue:x`; encoded it works as well."""
    assert Params("segment=channel:voice+queue:x", KNOWN).many("segment") == [
        "channel:voice+queue:x"
    ]
    assert Params("segment=channel:voice%2Bqueue:x", KNOWN).many("segment") == [
        "channel:voice+queue:x"
    ]


def test_a_plus_elsewhere_is_a_space_as_browsers_write_it() -> None:
    """`URLSearchParams` turns a space into a plus."""
    assert Params("segment=queue:after+sales", KNOWN).many("segment") == ["queue:after sales"]
    assert Params("segment=queue:after%20sales", KNOWN).many("segment") == ["queue:after sales"]


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("2026-11-24T10:15:00Z", 1795515300000),
        ("2026-11-24T11:15:00+01:00", 1795515300000),
        ("2026-11-24T11:15:00%2B01:00", 1795515300000),
        ("2026-11-24T10:15:00.250Z", 1795515300250),
        ("2026-11-24", 1795474800000),
    ],
)
def test_moments_are_rfc_3339_or_local_dates(text: str, ms: int) -> None:
    """The `+` of an offset may stand unescaped; a date is its midnight in the numbers' zone."""
    params = Params(f"from={text}", KNOWN)

    assert ms == params.moment("from", PARIS)
    params.check()


@pytest.mark.parametrize("text", ["yesterday", "2026-11-24T10:15:00", "2026-13-01"])
def test_other_moments_are_mistakes(text: str) -> None:
    """A time without offset is nobody's."""
    assert names(f"from={text}") == ["from"]


def test_all_mistakes_are_told_at_once() -> None:
    """Unknown names, empty values, two values where one is possible, a bad time."""
    assert names("segment=&kpi=a,b&from=x&segmnt=y") == ["from", "kpi", "segment", "segmnt"]


def test_check_raises_what_was_found() -> None:
    """And nothing when nothing was."""
    params = Params("nonsense=1", KNOWN)
    with pytest.raises(BadRequest, match="nonsense: unknown parameter"):
        params.check()
    Params("", KNOWN).check()
