"""Buckets that changed after their end."""

from hypothesis import given
from hypothesis import strategies as st

from streams.core.buckets import FINE, QUARTER
from streams.core.revised import Revised
from streams.core.windows import Span

BUCKETS = st.integers(0, 20)


@given(st.lists(BUCKETS), BUCKETS, BUCKETS, BUCKETS)
def test_a_span_is_revised_if_one_of_its_buckets_is(
    revised: list[int], forgotten: int, a: int, b: int
) -> None:
    """Whatever the order in which they were, and as long as they are not forgotten."""
    notes = Revised()
    for bucket in revised:
        notes.add(FINE, bucket, "site")
    notes.forget(FINE, forgotten)
    first, last = sorted((a, b))

    left = [bucket for bucket in revised if bucket >= forgotten]
    assert notes.any(Span(FINE, first, last), "site") == any(first <= x <= last for x in left)
    assert not notes.any(Span(QUARTER, first, last), "site")
    assert not notes.any(Span(FINE, first, last), "queue:a")
