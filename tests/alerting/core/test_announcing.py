"""Maintenance is announced before and after."""

import msgspec

from alerting.core.announcing import KEPT_MS, announced
from alerting.core.telling import Matcher, Notice, Quiet
from streams.core.buckets import Zone

PARIS = Zone("Europe/Paris")
MINUTE = 60_000
START = 1_800_003_600_000  # 2027-01-15 10:00 in Paris
END = START + 120 * MINUTE


def maintenance(**more: object) -> dict[str, Quiet]:
    """Return a maintenance."""
    one = Quiet(
        id="m", kind="maintenance", match=Matcher(), from_ms=START, until_ms=END, by="ana",
        note="Disks.", announce=("duty:floor", "person:ana/page", "channel:room"),
    )  # fmt: skip
    return {"m": msgspec.structs.replace(one, **more)}


def over_time(quiet: dict[str, Quiet], *times: int) -> list[Notice]:
    """Return what is announced at these times."""
    found: list[Notice] = []
    for ms in times:
        changed, notices = announced(quiet, ms, PARIS)
        quiet = {**quiet, **{k: v for k, v in changed.items() if v is not None}}
        found += notices
    return found


def test_it_is_announced_before_it_begins_and_after_it_has_ended() -> None:
    """Each once."""
    before, after = over_time(
        maintenance(), START - 16 * MINUTE, START - 15 * MINUTE, START, END - 1, END, END + MINUTE
    )

    assert (before.id, before.kind, before.clock_ms) == (
        "quiet|m|before", "announcement", START - 15 * MINUTE,
    )  # fmt: skip
    assert before.to == ("duty:floor/mail", "person:ana/page", "channel:room")
    assert before.text["en"] == (
        "Maintenance from 15/01 10:00 to 15/01 12:00: nobody is told of alerts meanwhile. Disks."
    )
    assert before.text["fr"].startswith("Maintenance du 15/01 10:00 au 15/01 12:00 : personne")
    assert (after.id, after.text["en"]) == (
        "quiet|m|after", "The maintenance is over: people are told of alerts again. Disks.",
    )  # fmt: skip


def test_what_is_called_off_is_said_only_if_it_was_announced() -> None:
    """It ends before it begins."""
    (notice,) = over_time(maintenance(announced="before", until_ms=START - MINUTE), START)

    assert notice.text["en"].endswith("does not take place. Disks.")
    assert over_time(maintenance(until_ms=START - 20 * MINUTE), START) == []


def test_silences_and_what_is_for_nobody_are_not_announced() -> None:
    """Only maintenance is, to whom it names."""
    assert over_time(maintenance(announce=()), START, END) == []
    assert over_time(maintenance(kind="silence"), START, END) == []


def test_what_ended_a_day_ago_is_forgotten() -> None:
    """Until then it stands in the list."""
    for ms, kept in ((END + KEPT_MS - 1, True), (END + KEPT_MS, False)):
        changed, notices = announced(maintenance(announced="after"), ms, PARIS)
        assert ("m" not in changed, notices) == (kept, ())
