"""Who is there now: waiting, served, silent for too long, beyond the answer target."""

import math

from hypothesis import given
from hypothesis import strategies as st

from streams.core.changes import IN_PROGRESS, WAITING, LiveKey
from streams.core.live import NOBODY, Live, count, together

SECONDS = st.integers(0, 60)
KEYS = st.builds(LiveKey, st.sampled_from([WAITING, IN_PROGRESS]), SECONDS, SECONDS, SECONDS)
CONTACTS = st.dictionaries(KEYS, st.integers(1, 3), max_size=8)


# since 100        due 120                                    expiry 500
#   ├─── in time ────┤├──────────── beyond ────────────────────┤├── orphaned ──
#                  120│121                                  499│500
def test_a_wait_is_in_time_then_beyond_then_orphaned() -> None:
    """X itself is still in time; at the expiry second the contact no longer waits."""
    contacts = {LiveKey(WAITING, 100, 500, 120): 2}

    assert count(contacts, 120).live == Live(waiting=2, oldest_s=100)
    assert count(contacts, 121).live == Live(waiting=2, beyond=2, oldest_s=100)
    assert count(contacts, 499).live == Live(waiting=2, beyond=2, oldest_s=100)
    assert count(contacts, 500).live == Live(orphaned=2)


def test_who_is_served_does_not_wait() -> None:
    """The oldest wait is that of somebody who waits."""
    contacts = {LiveKey(IN_PROGRESS, 10, 500, 0): 3, LiveKey(WAITING, 90, 500, 110): 1}

    assert count(contacts, 100).live == Live(waiting=1, in_progress=3, oldest_s=90)


def test_an_orphan_has_no_wait() -> None:
    """A call whose end was lost does not wait for ever on the wall."""
    contacts = {LiveKey(WAITING, 1, 50, 21): 1, LiveKey(WAITING, 90, 500, 110): 1}

    assert count(contacts, 100).live == Live(waiting=1, orphaned=1, oldest_s=90)


@given(CONTACTS, SECONDS)
def test_a_count_holds_until_it_says(contacts: dict[LiveKey, int], now_s: int) -> None:
    """Every second before `until_s` gives the same count."""
    found = count(contacts, now_s)

    assert found.from_s == now_s < found.until_s
    for second in range(now_s, int(min(found.until_s, 130))):
        assert count(contacts, second).live == found.live


def test_nobody_never_changes() -> None:
    """An empty source is counted once."""
    assert count({}, 100) == (NOBODY, 100, math.inf)


@given(CONTACTS, CONTACTS, SECONDS)
def test_sources_add_up(a: dict[LiveKey, int], b: dict[LiveKey, int], now_s: int) -> None:
    """Two sources together count like one that has the contacts of both."""
    both = {key: a.get(key, 0) + b.get(key, 0) for key in a | b}

    assert together([count(a, now_s).live, count(b, now_s).live]) == count(both, now_s).live


def test_agents_of_several_sources_add_up() -> None:
    """What one source says nothing of is 0 there."""
    a, b = Live(agents={"staffed": 3, "paused": 1}), Live(agents={"staffed": 2, "missing": 1})

    assert together([a, NOBODY, b]).agents == {"staffed": 5, "paused": 1, "missing": 1}
    assert together([NOBODY, NOBODY]) == NOBODY
