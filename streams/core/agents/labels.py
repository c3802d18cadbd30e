"""Labels: what an agent does, against what was planned, as one small int.

Cells hold, by label, how many agents enter and leave it, and when; which label counts as staffed,
scheduled or adherent is decided when somebody reads. So a setting such as `offline_in_break` folds
nothing again.

A label is a state, the class of the planned activity, whether the state fits the activity on the
other side of a boundary nearby (tolerance), and how scheduled time is out of adherence. Beside the
states there are series that are not of one agent each: contacts held at once, places for contacts,
and staffed agents by what their time costs.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

STATES: Final = (
    "offline", "available", "ringing", "on_contact", "hold", "wrap_up", "paused", "unknown",
)  # fmt: skip
OFFLINE, AVAILABLE, RINGING, ON_CONTACT, HOLD, WRAP_UP, PAUSED, UNKNOWN = range(len(STATES))
ON_QUEUE: Final = frozenset((AVAILABLE, RINGING, ON_CONTACT, HOLD, WRAP_UP))
BUSY: Final = frozenset((ON_CONTACT, HOLD, WRAP_UP))

NO_ACTIVITY: Final = 0
"""Classes of what is planned: nothing, or 1 + 2 · productive + tracked."""
CLASSES: Final = 5

FITS_NOT, FITS, FITS_IN_BREAK = range(3)
"""Does the state fit the other side of a boundary nearby? The last one: offline would fit a break,
which is for the reader to decide."""

NOT_OUT, LATE, EARLY_LEAVE, LONG_BREAK, WRONG_ACTIVITY = range(5)
"""How tracked time under a state that does not fit the activity is out of adherence."""
OUTS: Final = ("", "late", "early_leave", "long_break", "wrong_activity")

_FITS, _OUTS = 3, 5
CONTACTS: Final = len(STATES) * CLASSES * _FITS * _OUTS
"""The series of contacts held by agents."""
CAPACITY: Final = CONTACTS + 1
"""The series of places for contacts of the agents on queue."""
RATES: Final = CONTACTS + 2
"""From here on: staffed agents by class of cost, in the order of the settings."""

STEP: Final = 1 << 12
"""Keys of steps in a cell begin here, above those of histograms: STEP + 2 · label is n = Σ ±1,
the next key m = Σ ±t, t in ms since 1970."""


@cache  # one object a key: a cell has a dozen of them, and there are many cells
def _keys(label: int) -> tuple[int, int]:
    return STEP + 2 * label, STEP + 2 * label + 1


def add_step(to: dict[int, int], label: int, n: int, t: int) -> None:
    """Adds a step of so many agents at `t` to sums by key."""
    of_n, of_m = _keys(label)
    to[of_n] = to.get(of_n, 0) + n
    to[of_m] = to.get(of_m, 0) + n * t


def entered(sums: Mapping[int, int]) -> Iterator[tuple[int, int]]:
    """Yields by label how many more agents hold it after the steps of sums than before."""
    for key, n in sums.items():
        if key >= STEP and not key & 1:
            yield (key - STEP) >> 1, n


def plan_class(*, productive: bool, tracked: bool) -> int:
    """Returns the class of a planned activity."""
    return 1 + 2 * productive + tracked


def is_productive(planned: int) -> bool:
    """Whether a class of activity is productive; not to be asked of `NO_ACTIVITY`."""
    return planned > plan_class(productive=False, tracked=True)


def is_tracked(planned: int) -> bool:
    """Whether a class of activity counts for adherence; `NO_ACTIVITY` does not."""
    return planned != NO_ACTIVITY and planned % 2 == 0


def label_of(state: int, planned: int, fits: int, out: int) -> int:
    """Returns a label."""
    return ((state * CLASSES + planned) * _FITS + fits) * _OUTS + out


@cache
def measures_of(label: int) -> tuple[str, ...]:
    """Returns what an agent under a label counts as: `staffed`, `scheduled`, `adherent` and so on.

    `_strict` = by the rule that being offline in a break is not adherent.
    """
    if label >= RATES:
        return (f"rate{label - RATES}",)
    if label >= CONTACTS:
        return ("contacts",) if label == CONTACTS else ("capacity",)
    rest, out = divmod(label, _OUTS)
    rest, fits = divmod(rest, _FITS)
    state, planned = divmod(rest, CLASSES)
    name = STATES[state]
    found = [] if state == OFFLINE else [name]
    if state not in (OFFLINE, UNKNOWN):
        found.append("staffed")
    if state in ON_QUEUE:
        found.append("on_queue")
        if planned == NO_ACTIVITY:
            found.append("outside")
            if fits != FITS:
                found.append("outside_counted")
    if state in BUSY:
        found.append("busy")
    return (*found, *_against_plan(state, planned, fits, out))


def _against_plan(state: int, planned: int, fits: int, out: int) -> list[str]:
    if planned == NO_ACTIVITY or state == UNKNOWN:
        return []
    productive = is_productive(planned)
    found = ["productive"] if productive else []
    if is_tracked(planned):
        found.append("scheduled")
        own = state in ON_QUEUE if productive else state == PAUSED
        in_break = fits == FITS_IN_BREAK or (not productive and state == OFFLINE)
        strict = own or fits == FITS
        found += _judged(adherent=strict or in_break, state=state, out=out, suffix="")
        found += _judged(adherent=strict, state=state, out=out, suffix="_strict")
    return found


def _judged(*, adherent: bool, state: int, out: int, suffix: str) -> list[str]:
    if adherent:
        return [f"adherent{suffix}"]
    missing = [f"missing{suffix}"] if state == OFFLINE else []
    return [f"out{suffix}", f"out_{OUTS[out]}{suffix}", *missing]


def state_of(label: int) -> str:
    """Returns the state of a label."""
    return STATES[label // (CLASSES * _FITS * _OUTS)]


def is_break(label: int) -> bool:
    """Whether what is planned is not productive: a break, a meeting."""
    planned = label // (_FITS * _OUTS) % CLASSES
    return planned != NO_ACTIVITY and not is_productive(planned)


def sum_up(by_label: Mapping[int, int]) -> dict[str, int]:
    """Returns measures from values by label: agents now, or their ms."""
    found: dict[str, int] = {}
    for label, value in by_label.items():
        if value:
            for measure in measures_of(label):
                found[measure] = found.get(measure, 0) + value
    return found
