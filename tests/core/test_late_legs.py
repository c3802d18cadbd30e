"""A leg that has ended is booked at the commit, or sooner where something needs its booking.

Whatever comes between its end and the commit, the cells are those of a commit after every event.
"""

from typing import Any

import pytest

from streams.core.ledger import Ledger
from streams.core.policy import FoldPolicy
from streams.core.tally import lanes
from tests.core.worlds import HOUR, T0, encode, iso

NO_END = 1 << 60
S = 1_000
SERVED: list[tuple[str, int, dict[str, Any]]] = [
    ("queued", 0, {"queue": "a"}),
    ("answered", 20 * S, {"agent": "x"}),
    ("ended", 60 * S, {}),
]
GOES_ON: dict[str, list[tuple[str, int, dict[str, Any]]]] = {
    "nothing more": [],
    "wrapped": [("wrapped", 80 * S, {"agent": "x"})],
    "ended again, with other durations": [("ended", 70 * S, {"talk_s": 30, "hold_s": 5})],
    "another leg": [("answered", 90 * S, {"agent": "y"}), ("ended", 120 * S, {})],
    "another queue": [("queued", 90 * S, {"queue": "b"}), ("abandoned", 95 * S, {})],
    "the wrap-up of the first leg after the second": [
        ("answered", 90 * S, {"agent": "y"}),
        ("ended", 120 * S, {}),
        ("wrapped", 130 * S, {"agent": "x", "wrap_s": 30}),
    ],
    "a new contact under the same id": [("queued", 60 * S + 25 * HOUR, {"queue": "b"})],
    "something that comes late": [("held", 30 * S, {}), ("resumed", 40 * S, {})],
    "a repetition": [("ended", 60 * S, {})],
    "a message that comes late": [("message", 50 * S, {})],
}


def events(goes_on: list[tuple[str, int, dict[str, Any]]]) -> list[bytes]:
    """Return the events of a contact in their order of arrival."""
    return [
        encode(
            {
                "type": f"contact.{kind}", "id": f"{i}", "source": "s", "subject": "c",
                "time": iso(T0 + ms), "data": data,
            }
        )
        for i, (kind, ms, data) in enumerate([*SERVED, *goes_on])
    ]  # fmt: skip


def cells(raws: list[bytes], *, each: bool) -> tuple[dict[Any, Any], ...]:
    """Return a ledger's cells after one commit at the end, or after `each` event, too."""
    ledger = Ledger(FoldPolicy(), "voice")
    for raw in raws:
        assert not ledger.apply_all([raw], NO_END)
        if each:
            ledger.take_changes()
    ledger.take_changes()
    return held(ledger)


def held(ledger: Ledger) -> tuple[dict[Any, Any], ...]:
    """Return a ledger's cells as measures and histograms."""
    return tuple(
        {k: (lanes(c.sums), dict(c.hist)) for k, c in store.items()}
        for store in ledger.everything().cells
    )


@pytest.mark.parametrize("goes_on", GOES_ON.values(), ids=GOES_ON)
def test_when_a_leg_is_booked_changes_nothing(goes_on: list[Any]) -> None:
    """One commit at the end gives the cells of many."""
    raws = events(goes_on)
    assert cells(raws, each=False) == cells(raws, each=True)


@pytest.mark.parametrize("goes_on", GOES_ON.values(), ids=GOES_ON)
def test_a_ledger_that_is_loaded_has_the_same_cells(goes_on: list[Any]) -> None:
    """What the facts give when they are folded anew is what was booked one by one."""
    raws = events(goes_on)
    ledger = Ledger(FoldPolicy(), "voice")
    for raw in raws[:-1]:
        ledger.apply_all([raw], NO_END)
    changes = ledger.take_changes()
    again = Ledger(FoldPolicy(), "voice")
    again.load(changes.visible, {**changes.facts.added, **changes.facts.replaced}.items())
    again.apply_all(raws[-1:], NO_END)
    again.take_changes()
    assert held(again) == cells(raws, each=True)


def test_disorder_that_moves_no_booking_publishes_no_cell_of_it() -> None:
    """What is taken out and booked again in one commit cancels."""
    ledger = Ledger(FoldPolicy(), "voice")
    ledger.apply_all(events(GOES_ON["wrapped"]), NO_END)
    ledger.take_changes()
    late = encode(
        {
            "type": "contact.message", "id": "late", "source": "s", "subject": "c",
            "time": iso(T0 + 70 * S), "data": {},
        }
    )  # fmt: skip
    ledger.apply_all([late], NO_END)
    changed = ledger.take_changes().visible.cells
    assert {bucket for bucket, _ in changed[0]} == {(T0 + 70 * S) // 10_000}
    assert all("messages" in lanes(cell.sums) for store in changed for cell in store.values())
