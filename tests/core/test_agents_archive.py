"""What is packed comes out again, and is stored as it is held."""

from hypothesis import given
from hypothesis import strategies as st

from streams.codec import END, join_facts, split_facts
from streams.core.agents.archive import PACK, PACKED, Archive, pack, unpack
from streams.core.buckets import DAY_MS

raws = st.binary(min_size=1, max_size=60).filter(
    lambda b: b"\0" not in b and not b.startswith(PACKED)
)
FULL = [b"%d" % i for i in range(PACK)]


@given(st.lists(raws, min_size=1, max_size=20))
def test_packed_facts_come_back(facts: list[bytes]) -> None:
    """Whatever their bytes; what is packed has no zero byte, so it can be stored."""
    item = pack(facts)

    assert unpack(item) == facts
    assert split_facts(join_facts([item, item])) == [item, item]
    assert all(unpack(fact) == [fact] for fact in facts)


def test_packs_hold_every_byte_that_is_escaped() -> None:
    """Thousands of packs: zeros, ones and twos beside one another are among them."""
    for i in range(4000):
        facts = [b"%d-%d" % (i, i * i)] * (i % 3 + 1)
        assert unpack(pack(facts)) == facts
        assert END not in pack(facts)


def test_a_day_is_appended_to_until_it_is_packed() -> None:
    """Then it is stored anew; so it goes on after a load."""
    archive, stored = Archive(), dict[int, list[bytes]]()
    for i in range(3 * PACK + 5):
        archive.append(DAY_MS + i, "s", str(i), b"%d" % i)
        added, replaced = archive.take()
        for day, items in added.items():
            stored[day] = stored.get(day, []) + items
        stored.update(replaced)
        if i in (10, 70, 130):
            archive = Archive()
            archive.load(1, stored[1])
    again = Archive()
    again.load(1, stored[1])

    assert again.raws() == archive.raws() == [b"%d" % i for i in range(3 * PACK + 5)]
    assert len(stored[1]) == 3 + 5


def test_what_is_taken_is_not_changed_by_what_follows() -> None:
    """Whoever stores it may keep it."""
    archive = Archive()
    for i, fact in enumerate(FULL):
        archive.append(0, "s", str(i), fact)
    _, replaced = archive.take()
    archive.append(0, "s", "x", b"x")

    assert len(replaced[0]) == 1


def test_identities_are_known_until_their_day_is_forgotten() -> None:
    """Of the source and the id; those of other days stay."""
    archive = Archive()
    archive.append(0, "s", "a", b"1")
    archive.append(DAY_MS, "s", "b", b"2")
    assert archive.knows("s", "a")
    assert not archive.knows("t", "a")
    archive.take()
    archive.forget(DAY_MS + 5)

    assert not archive.knows("s", "a")
    assert archive.knows("s", "b")
    assert archive.take() == ({}, {0: []})
    assert archive.raws() == [b"2"]


def test_facts_that_are_set_replace_all_days() -> None:
    """A day that has none any more is deleted."""
    archive = Archive()
    archive.append(0, "s", "a", b"1")
    archive.append(DAY_MS, "s", "b", b"2")
    archive.take()
    archive.set([(2 * DAY_MS, "s", "c", b"3")])

    assert archive.take() == ({}, {0: [], 1: [], 2: [b"3"]})
    assert archive.knows("s", "c")
    assert not archive.knows("s", "b")


def test_a_day_is_packed_as_one_when_a_later_one_begins() -> None:
    """So is what comes late for it, when the next one does; the order of the facts stays."""
    archive = Archive()
    for i, fact in enumerate([*FULL, b"x", b"y"]):
        archive.append(0, "s", str(i), fact)
    archive.take()

    archive.append(DAY_MS, "s", "a", b"a")
    assert archive.take() == ({1: [b"a"]}, {0: [pack([*FULL, b"x", b"y"])]})

    archive.append(5, "s", "late", b"late")
    assert archive.take() == ({0: [b"late"]}, {})

    archive.append(2 * DAY_MS, "s", "b", b"b")
    assert archive.take() == ({2: [b"b"]}, {0: [pack([*FULL, b"x", b"y", b"late"])]})
    assert archive.raws() == [*FULL, b"x", b"y", b"late", b"a", b"b"]
