"""Events and what was told of them, as they are answered: times are ISO 8601 with Z."""

from collections.abc import Mapping

from alerting.core.shapes import Event, Facts, Key, Severity
from alerting.message import title
from alerting.shown import Row
from alerting.store import Told
from alerting.web.ports import Known
from streams.core.buckets import iso
from streams.core.words import LANGUAGES


def titles(event: Event, known: Known) -> dict[str, str]:
    """Returns what an alert is called, by language."""
    rule = known.rules.get(event.key.rule)
    return {
        language: title(rule, event.key.rule, event.facts, event.severity, language, known.currency)
        for language in LANGUAGES
    }


def event_entry(event: Event, known: Known) -> dict[str, object]:
    """Returns an event."""
    facts = event.facts
    return {
        "at": iso(event.clock_ms),
        "kind": event.kind,
        "episode": event.episode,
        "rule": event.key.rule,
        "segment": event.key.segment,
        "severity": level(event.severity),
        "title": titles(event, known),
        "reason": event.reason,
        "by": event.by or None,
        "note": event.note,
        "kpi": facts.kpi,
        "window": facts.window,
        "value": facts.value,
        "n": facts.n,
        "part": facts.part,
        "whole": facts.whole,
        "unit": facts.unit,
        "threshold": facts.threshold,
        "target": facts.target,
        "formula": facts.formula,
    }


def told_entries(told: Mapping[str, Told]) -> list[dict[str, object]]:
    """Returns who was told last what of an episode."""
    return [
        {
            "address": address,
            "kind": one.kind,
            "severity": level(one.severity),
            "at": iso(one.clock_ms),
        }
        for address, one in sorted(told.items(), key=lambda item: (item[1].clock_ms, item[0]))
    ]


def level(severity: Severity) -> str | None:
    """Returns the name of a severity, `None` of none."""
    return None if severity == Severity.NONE else severity.name.lower()


def event_of(row: Row) -> Event:
    """Returns an event that says of an alert what a row says."""
    over = row.state == "resolved"
    started_ms = round(row.started * 1000)
    facts = Facts(
        segment=row.segment, kpi=row.kpi, window=row.window, value=row.value, n=row.n,
        part=row.part, whole=row.whole, unit=row.unit, formula=row.formula,
        threshold=row.threshold, clear=row.clear, target=row.target, since_ms=None,
    )  # fmt: skip
    lasted_ms = round(((row.ended or row.since) - row.since) * 1000)
    return Event(
        kind="resolve" if over else "fire",
        key=Key(row.rule, row.segment),
        episode=row.episode,
        severity=Severity[row.severity.upper()],
        at_ms=started_ms + lasted_ms,
        clock_ms=round(row.since * 1000) + lasted_ms,
        reason=row.reason or "breach",
        facts=facts,
        hold_ms=round((row.hold or 0) * 1000),
    )
