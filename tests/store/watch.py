"""What must be true at every instant, whatever happens.

EXACT    what is stored is the fold of the log up to the stored offset, without what was lost
SHOWN    what a screen shows is one committed version, whole
FRESH    `as_of` is never ahead of the data that is shown
HONEST   nothing looks live that is being rebuilt or has no owner
GROUP    the group's offset never runs ahead of the state
RIGHTFUL an owner that nobody has followed is not refused, unless Redis has lost data
"""

from collections.abc import Mapping, Sequence

import msgspec

from streams.core.changes import Visible
from tests.store.backends import Backend
from tests.store.hands import Hand, Screen
from tests.store.world import Log, State, fold

LIMIT_US = 5_000_000
"""How old `as_of` may be until numbers no longer look live."""


class Violation(AssertionError):
    """An invariant is broken; the text begins with its name."""


class Watch:
    """Holds what is stored and shown against the truth."""

    def __init__(self, backend: Backend, logs: Mapping[str, Log], mults: Mapping[str, int]) -> None:
        self.backend, self.logs, self.mults = backend, logs, mults
        self.most: dict[str, int] = dict.fromkeys(logs, -1)
        """The greatest offset that was ever stored."""
        self.lost_at_us: dict[str, int] = dict.fromkeys(logs, 0)
        """When Redis last lost data."""
        self._versions: dict[tuple[str, int, int], bytes] = {}
        self._folds: dict[tuple[str, int, str, int], State] = {}
        self._wrong_since: dict[tuple[str, str], int] = {}

    def stored(self, source: str) -> None:
        """EXACT; after everything that may have changed Redis."""
        stored = self.backend.read(source)
        if stored is None:
            return
        head = stored.head
        truth = self._fold(source, head.offset, head.gap, self.mults[head.settings_hash])
        if stored.visible != truth.visible():
            raise Violation(f"EXACT {source}: cells at offset {head.offset}")
        if stored.facts != truth.facts:
            raise Violation(f"EXACT {source}: facts at offset {head.offset}")
        self._versions[source, head.epoch, head.version] = canonical(stored.visible)
        self.most[source] = max(self.most[source], head.offset)

    def _fold(self, source: str, offset: int, gap: str, mult: int) -> State:
        key = source, offset, gap, mult
        if key not in self._folds:
            self._folds[key] = fold(self.logs[source], offset, gap, mult)
        return self._folds[key]

    def shown(self, screen: Screen) -> None:
        """SHOWN; after everything that a screen has done."""
        follower = screen.follower
        if follower.head is None:
            return
        key = follower.source, follower.head.epoch, follower.version
        if self._versions.get(key) != canonical(screen.shown):
            raise Violation(f"SHOWN {follower.source}: version {follower.version}")

    def fresh(self, screen: Screen) -> None:
        """FRESH; at any time."""
        follower = screen.follower
        if follower.head is None:
            return
        log = self.logs[follower.source]
        for record, at_us in log.entries[max(follower.offset + 1, log.begin) :]:
            if record is not None:
                if at_us // 1000 < follower.as_of_ms:
                    raise Violation(f"FRESH {follower.source}: as_of is ahead of the data")
                return

    def honest(
        self, screens: Sequence[Screen], source: str, *, rebuilding: bool, owned: bool
    ) -> None:
        """HONEST; at any time, given the truth. News need some time to come."""
        now = self.backend.now_us
        for what, wrong in (("rebuilding", rebuilding), ("without owner", not owned)):
            since = self._wrong_since.setdefault((source, what), now)
            if not wrong:
                self._wrong_since[source, what] = now
            elif now - since > LIMIT_US + 1_000_000 and any(
                screen.live(now, LIMIT_US) for screen in screens
            ):
                raise Violation(f"HONEST {source}: live, though {what}")

    def group(self, source: str, offset: int) -> None:
        """GROUP; after every commit of the group."""
        if offset > self.most[source] + 1:
            raise Violation(f"GROUP {source}: at {offset}, stored up to {self.most[source]}")

    def refused(self, hand: Hand, since_us: int) -> None:
        """RIGHTFUL; after every refusal, given when the owner had claimed."""
        source = hand.owner.source
        stored = self.backend.read(source)
        mine = stored is not None and stored.head.epoch == hand.owner.epoch
        if mine and self.lost_at_us[source] < since_us:
            raise Violation(f"RIGHTFUL {source}: epoch {hand.owner.epoch} was refused")


def canonical(visible: Visible) -> bytes:
    """Return the same bytes for equal contents."""
    parts = [
        sorted((k, v.sums, sorted(v.hist.items())) for k, v in c.items()) for c in visible.cells
    ]
    live = sorted((s, sorted(counts.items())) for s, counts in visible.live.items())
    gone = [sorted(keys) for keys in visible.gone]
    return msgspec.msgpack.encode((parts, gone, live, sorted(visible.segments), visible.top_ms))
