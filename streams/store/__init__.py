"""The state store and the feed (design §6): who may commit, what is committed, who sees it.

- `Store` (redis.py) talks to Redis; `claim.lua`, `commit.lua` and `beat.lua` are all that writes.
- `Owner` (owner.py) decides what a worker sends of a source and what the answers mean; no I/O.
- `Follower` (follower.py) decides which messages a reader takes; no I/O.
- `Reader` (reader.py) keeps a listener at what is committed.
- `ended` (ending.py) ends tasks that call Redis.
- shapes.py has the data that they hand to each other, and the names of the keys.
"""

from streams.store.ending import ended
from streams.store.follower import Follower, Step
from streams.store.owner import Owner, Position, Verdict
from streams.store.reader import Listener, Reader
from streams.store.redis import Store
from streams.store.shapes import (
    Beat,
    Claimed,
    Commit,
    Head,
    Message,
    SettingsOlder,
    StoreAway,
    Wanted,
)

__all__ = [
    "Beat", "Claimed", "Commit", "Follower", "Head", "Listener", "Message", "Owner", "Position",
    "Reader", "SettingsOlder", "Step", "Store", "StoreAway", "Verdict", "Wanted", "ended",
]  # fmt: skip
