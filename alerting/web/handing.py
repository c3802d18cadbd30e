"""`GET /api/v1/handover`: one page for who comes next, as JSON or to be printed."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from alerting import figures
from alerting.core.telling import Matcher
from alerting.handover import Handover, Told, Undelivered, hand_over
from alerting.language import WORDS as LANGUAGE
from alerting.message import title
from alerting.store import Dead
from alerting.web.alerts import KEPT_MS, span
from alerting.web.fields import one, query
from alerting.web.http import answer
from alerting.web.pages import page
from alerting.web.ports import AlertsRead, Known
from alerting.web.told import event_of, level, titles
from alerting.web.watch import Watch
from alerting.web.words import WORDS, language_of
from streams.core.buckets import iso
from streams.core.words import LANGUAGES, Language

SHIFT_MS: Final = 8 * 3_600_000
"""How long a shift is if nobody says."""
LETTERS: Final = 1_000
"""So many dead letters are looked at."""
FORMATS: Final = ("json", "html")


class Handing:
    """The handler."""

    def __init__(self, known: Known, store: AlertsRead, watch: Watch) -> None:
        self._known = known
        self._store = store
        self._watch = watch

    async def page(self, request: Request) -> Response:
        """The shift that ends now, or another."""
        params = query(request.url.query, ("from", "to", "format", "lang"))
        from_ms, to_ms = span(params, self._watch.clock_ms(), SHIFT_MS, self._known)
        form = params.parsed("format", lambda v: _one_of(one(v), FORMATS), "")
        asked = params.parsed("lang", lambda v: _one_of(one(v), LANGUAGES), None)
        params.check()
        found = await self._found(from_ms, to_ms)
        accept = request.headers.get("accept", "")
        if (form or ("html" if "text/html" in accept else "json")) == "json":
            return answer(as_json(found, self._known))
        accept = request.headers.get("accept-language", "")
        return as_html(found, language_of(asked, accept, self._known.language), self._known)

    async def _found(self, from_ms: int, to_ms: int) -> Handover:
        events = list(await self._store.history(to_ms - KEPT_MS, to_ms))
        known, shown = {event.episode for event in events}, self._watch.shown
        # Redis may have lost what happened; what is still there is handed over all the same.
        events += [event_of(row) for row in shown.alerts if row.episode not in known]
        letters = await self._store.dead(LETTERS)
        return hand_over(
            events,
            from_ms=from_ms,
            to_ms=to_ms,
            quiet=shown.quiet,
            undelivered=[
                one for one in map(undelivered, reversed(letters)) if from_ms <= one.at_ms < to_ms
            ],
            watched=shown.leader,
        )


def undelivered(letter: Dead) -> Undelivered:
    """Returns a dead letter as it is handed over."""
    at_ms, delivery = int(letter.id.partition("-")[0]), letter.delivery
    if delivery is None:
        return Undelivered("", "", (), at_ms)
    notice = delivery.notice
    episodes = tuple(item.episode for item in notice.items)
    return Undelivered(delivery.address, notice.kind, episodes, at_ms)


def as_json(found: Handover, known: Known) -> dict[str, Any]:
    """Returns the page for programs: ids of people, times in ISO 8601."""
    return {
        "from": iso(found.from_ms),
        "to": iso(found.to_ms),
        "open": [one.episode for one in found.open],
        "alerts": [_entry(one, known) for one in found.alerts],
        "quiet": found.quiet,
        "undelivered": [
            {
                "at": iso(u.at_ms),
                "address": u.address,
                "kind": u.kind,
                "episodes": u.episodes,
            }
            for u in found.undelivered
        ],
        "left_out": found.left_out,
        "watched": found.watched,
    }


def _entry(one: Told, known: Known) -> Mapping[str, object]:
    return {
        "episode": one.episode,
        "rule": one.last.key.rule,
        "segment": one.last.key.segment,
        "title": titles(one.last, known),
        "severity": level(one.worst),
        "fired": iso(one.fired_ms),
        "ended": None if one.ended_ms is None else iso(one.ended_ms),
        "reason": one.reason,
        "reopened": one.reopened,
        "acked": [{"by": a.by, "at": iso(a.at_ms), "note": a.note} for a in one.acked],
        "notes": [{"by": n.by, "at": iso(n.at_ms), "note": n.text} for n in one.notes],
    }


def as_html(found: Handover, language: Language, known: Known) -> Response:
    """Returns the page for people, in one language: aliases, local times."""
    words, says = WORDS[language], LANGUAGE[language]

    def time(ms: float) -> str:
        return known.zone.local(round(ms)).strftime("%Y-%m-%d %H:%M")

    def line(told: Told) -> dict[str, Any]:
        event, rule = told.last, told.last.key.rule
        told_of = title(
            known.rules.get(rule), rule, event.facts, told.worst, language, known.currency
        )
        acked = [f"{known.name(a.by)}, {time(a.at_ms)}" for a in told.acked]
        notes = [f"{known.name(a.by)}{says.colon}{a.note}" for a in told.acked if a.note]
        notes += [f"{known.name(n.by)}{says.colon}{n.text}" for n in told.notes]
        ended = words.still
        if told.ended_ms is not None:
            ended = f"{time(told.ended_ms)}, {says.reasons.get(told.reason, told.reason)}"
        return {
            "title": told_of,
            "severity": says.severities[told.worst],
            "where": figures.segment(says, event.key.segment),
            "since": time(told.fired_ms),
            "ended": ended,
            "acked": acked,
            "notes": notes,
        }

    return page(
        "handover",
        language=language,
        words=words,
        span=words.span.format(start=time(found.from_ms), end=time(found.to_ms)),
        watched=found.watched,
        open=[line(one) for one in found.open],
        alerts=[line(one) for one in found.alerts],
        left_out=words.left_out.format(n=found.left_out) if found.left_out else "",
        quiet=[
            {
                "kind": getattr(words, q.kind),
                "since": time(q.from_ * 1000),
                "until": time(q.until * 1000),
                "by": known.name(q.by),
                "note": q.note,
                "what": _matched(q.match),
            }
            for q in found.quiet
        ],
        undelivered=[
            {"at": time(u.at_ms), "address": u.address, "kind": u.kind, "what": u.episodes}
            for u in found.undelivered
        ],
    )


def _matched(match: Matcher) -> list[str]:
    named = [*match.rules, *match.segments]
    return [*named, match.severity] if match.severity else named


def _one_of(name: str, known: tuple[Any, ...]) -> Any:  # noqa: ANN401  one of the known
    if name not in known:
        raise ValueError(f"{name!r} is none of {', '.join(known)}")
    return name
