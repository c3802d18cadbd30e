"""Groups: who is counted together, interned: the segments that an agent's time is booked in.

An agent in two queues is in the segments of both, and once in `site`.
"""

from itertools import product
from typing import NamedTuple

from streams.core import names
from streams.core.dims import Dims
from streams.core.policy import FoldPolicy


class GroupKey(NamedTuple):
    """What decides about the segments."""

    agent: str
    team: str | None
    site: str | None
    queues: tuple[str, ...]
    pause: str | None
    """The reason, while paused."""


class Group(NamedTuple):
    """Segments, as ints of `Dims`."""

    key: GroupKey
    booked: tuple[int, ...]
    fine: tuple[int, ...]
    coarse: tuple[int, ...]
    """Those that have no fine cells."""
    rate: int
    """The class of what its time costs; −1 = nothing is known of costs."""


class Groups:
    """The groups that one source has seen."""

    def __init__(self, policy: FoldPolicy, dims: Dims) -> None:
        self._policy, self._dims = policy, dims
        self._ids: dict[GroupKey, int] = {}
        self.all: list[Group] = []
        self._wanted = [
            tuple(d for d in names.DIMENSIONS if d in segment) for segment in policy.segments
        ]
        self._rates = {pair: i for i, pair in enumerate(policy.rate_classes)}

    def id(self, key: GroupKey) -> int:
        """Returns the int of a group; a new one is made."""
        i = self._ids.get(key)
        if i is None:
            i = self._ids[key] = len(self.all)
            self.all.append(self._make(key))
        return i

    def _make(self, key: GroupKey) -> Group:
        dims = self._dims
        values = {
            "site": (key.site,) if key.site else (),
            "queue": key.queues,
            "team": (key.team,) if key.team else (),
            "agent": (key.agent,),
            "pause": (key.pause,) if key.pause else (),
        }
        parts = {d: [dims.part(d, v) for v in of] for d, of in values.items()}
        found = [names.SITE]
        for wanted in self._wanted:
            found += ["+".join(one) for one in product(*(parts.get(d, ()) for d in wanted))]
        booked = tuple(dims.planned(name) for name in dict.fromkeys(found))
        fine = tuple(s for s in booked if dims.has_fine[s])
        coarse = tuple(s for s in booked if not dims.has_fine[s])
        return Group(key, booked, fine, coarse, self._rate(key))

    def _rate(self, key: GroupKey) -> int:
        """Returns the class of an own rate: the team's, else the site's, else the default's."""
        if not self._policy.rate_classes:
            return -1
        of_site = self._rates.get(("site", key.site or ""), len(self._rates) - 1)
        return self._rates.get(("team", key.team or ""), of_site)
