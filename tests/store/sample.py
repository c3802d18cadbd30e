"""A small source with one commit, for tests of what is read."""

from streams.core.changes import Changes, Facts, LiveKey, Visible
from streams.core.tally import Cell
from streams.store import Owner, Store, Verdict

SITE, QUEUE = "site", "queue:é|x"
ONE, TWO = Cell(1, {3: 4}), Cell(2, {3: 1, 7: 2})


def changes(top_ms: int = 1_000) -> Changes:
    """What one commit stores: cells of all resolutions, live values, facts."""
    cells = (
        {(100, SITE): ONE, (101, QUEUE): TWO},
        {(10, SITE): ONE, (11, SITE): TWO, (11, QUEUE): TWO},
        {(1, SITE): ONE},
    )
    live = {SITE: {LiveKey(0, 1, 2, 3): 4}}
    facts = Facts({"c1": [b'{"a":1}', b'{"b":2}'], "é": [b"{}"]}, {}, [])
    return Changes(Visible(cells, ([], [], []), live, [SITE, QUEUE], top_ms), facts)


async def commit_one(store: Store, owner: Owner, offset: int, top_ms: int = 1_000) -> None:
    """Commit `changes`."""
    owner.advance(offset, offset, 500)
    commit = owner.commit(lambda: changes(top_ms))
    assert commit is not None
    assert owner.replied(commit, await store.commit(owner.source, commit)) is Verdict.DONE


async def store_one(store: Store, source: str = "calls-0") -> Owner:
    """Claim a source, and commit `changes`."""
    owner = Owner(source, await store.claim(source, "A", 1, 0, 10))
    await commit_one(store, owner, 9)
    return owner
