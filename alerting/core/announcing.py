"""Maintenance is announced before it begins and after it has ended."""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from alerting.core.telling import Notice, Quiet
from streams.core.buckets import DAY_MS, Zone
from streams.core.words import Text

KEPT_MS: Final = DAY_MS
"""So long a quiet time is remembered after its end."""
_BEFORE: Final = Text(
    "Maintenance from {start} to {end}: nobody is told of alerts meanwhile.",
    "Maintenance du {start} au {end} : personne n’est prévenu des alertes entre-temps.",
)
_AFTER: Final = Text(
    "The maintenance is over: people are told of alerts again.",
    "La maintenance est terminée : les alertes sont de nouveau envoyées.",
)
_CANCELLED: Final = Text(
    "The maintenance from {start} to {end} does not take place.",
    "La maintenance du {start} au {end} n’a pas lieu.",
)


def announced(
    quiet: Mapping[str, Quiet], clock_ms: int, zone: Zone
) -> tuple[dict[str, Quiet | None], tuple[Notice, ...]]:
    """Returns the quiet times that changed, `None` = ended for long, and what is announced.

    Args:
        quiet: All that there are.
        clock_ms: Redis TIME.
        zone: Of the times that are named.
    """
    changed: dict[str, Quiet | None] = {}
    notices: list[Notice] = []
    for name, one in sorted(quiet.items()):
        if clock_ms >= one.until_ms + KEPT_MS:
            changed[name] = None
            continue
        stage = _stage(one, clock_ms)
        if stage is not None and stage != one.announced:
            changed[name] = msgspec.structs.replace(one, announced=stage)
            notices.append(_notice(one, stage, clock_ms, zone))
    return changed, tuple(notices)


def _stage(one: Quiet, clock_ms: int) -> Literal["before", "after"] | None:
    """Returns what should have been announced by now; the end only of what was announced."""
    if one.kind != "maintenance" or not one.announce:
        return None
    if clock_ms >= one.until_ms:
        return "after" if one.announced else None
    return "before" if clock_ms >= one.from_ms - one.before_ms else None


def _notice(one: Quiet, stage: Literal["before", "after"], clock_ms: int, zone: Zone) -> Notice:
    said = _BEFORE if stage == "before" else _AFTER
    if stage == "after" and one.until_ms <= one.from_ms:
        said = _CANCELLED
    start, end = (f"{zone.local(ms):%d/%m %H:%M}" for ms in (one.from_ms, one.until_ms))
    note = f" {one.note}" if one.note else ""
    return Notice(
        id=f"quiet|{one.id}|{stage}",
        group="",
        kind="announcement",
        to=tuple(
            to if "/" in to or to.startswith("channel:") else f"{to}/mail" for to in one.announce
        ),
        clock_ms=clock_ms,
        text={
            "en": said.en.format(start=start, end=end) + note,
            "fr": said.fr.format(start=start, end=end) + note,
        },
    )
