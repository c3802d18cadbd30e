"""`/api/v1/alerts`: what is shown, what was, and what people do about it."""

from typing import Final, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from alerting.core import machine
from alerting.core.shapes import Act, Facts, Instance, Key, Timing
from alerting.shown import agents_named
from alerting.web import privacy
from alerting.web.acting import Acting
from alerting.web.fields import Fields, moment_or_date, one, query
from alerting.web.http import NotFound, answer, done, fields
from alerting.web.ports import AlertsRead, Host, Known
from alerting.web.told import event_entry, told_entries
from alerting.web.watch import Watch

DAY_MS: Final = 86_400_000
SNOOZE_MS: Final = 7 * DAY_MS
"""The longest snooze."""
KEPT_MS: Final = 35 * DAY_MS
"""History is kept for so long."""
MOST: Final = 10_000
"""Events that one request may ask for."""


class Alerts:
    """The handlers."""

    def __init__(
        self, known: Known, store: AlertsRead, watch: Watch, acting: Acting, host: Host
    ) -> None:
        self._known = known
        self._store = store
        self._watch = watch
        self._acting = acting
        self._host = host

    async def shown(self, request: Request) -> Response:
        """What walls show; `segment`, `rule` and `severity` choose among it."""
        params = query(request.url.query, ("segment", "rule", "severity"))
        wanted = params.parsed("segment", privacy.parse, privacy.ALL)
        shown = self._watch.shown
        known = self._known.rules and {*self._known.rules, *(row.rule for row in shown.alerts)}
        rules, severities = params.rules(known), params.severities()
        params.check()
        pick = wanted.pick(self._host.agents)
        rows = tuple(
            row
            for row in shown.alerts
            if pick(row.segment)
            and (not rules or row.rule in rules)
            and (not severities or row.severity in severities)
        )
        quiet = tuple(q for q in shown.quiet if all(map(pick, agents_named(q.match))))
        return answer(msgspec.structs.replace(shown, alerts=rows, quiet=quiet))

    async def history(self, request: Request) -> Response:
        """Events with their reasons, oldest first; by default those of the last day."""
        params = query(request.url.query, ("from", "to", "rule", "segment"))
        from_ms, to_ms = span(params, self._watch.clock_ms(), DAY_MS, self._known)
        wanted = params.parsed("segment", privacy.parse, privacy.ALL)
        rules = params.many("rule")
        params.check()
        pick = wanted.pick(self._host.agents)
        events = [
            event
            for event in await self._store.history(from_ms, to_ms)
            if pick(event.key.segment) and (not rules or event.key.rule in rules)
        ]
        if len(events) > MOST:
            params.bad("from", f"would be {len(events)} events, at most {MOST}: ask for less")
            params.check()
        return answer({"events": [event_entry(event, self._known) for event in events]})

    async def episode(self, request: Request) -> Response:
        """Everything about one alert: as it is shown, events, who was told, notes."""
        episode = request.path_params["episode"]
        row = next((r for r in self._watch.shown.alerts if r.episode == episode), None)
        now_ms = self._watch.clock_ms()
        events = await self._store.history(now_ms - KEPT_MS, now_ms + DAY_MS, episode)
        if row is None and not events:
            raise NotFound(f"no alert {episode!r} is known")
        told = await self._store.told([episode])
        entries = [event_entry(event, self._known) for event in events]
        notes = [
            {"at": entry["at"], "by": entry["by"], "kind": entry["kind"], "note": entry["note"]}
            for entry in entries
            if entry["note"] and entry["by"]
        ]
        return answer(
            {
                "episode": episode,
                "alert": row,
                "events": entries,
                "told": told_entries(told.get(episode, {})),
                "notes": notes,
            }
        )

    # -- acts

    async def ack(self, request: Request) -> Response:
        """Somebody has taken it on; of what is over that is noted."""
        return await self._do(request, "ack")

    async def unack(self, request: Request) -> Response:
        """Nobody has it any more: people are told again."""
        return await self._do(request, "unack")

    async def note(self, request: Request) -> Response:
        """Something to remember about it."""
        return await self._do(request, "note")

    async def snooze(self, request: Request) -> Response:
        """Nobody wants to hear of it for a while."""
        params = await fields(request, ("by", "note", "for", "until"))
        by, note = params.person(self._known.roster), params.note()
        until_ms = params.end(self._watch.clock_ms(), SNOOZE_MS)
        params.check()
        episode = request.path_params["episode"]
        return done(await self._acting.do("snooze", episode, by, note=note, until_ms=until_ms))

    async def resolve(self, request: Request) -> Response:
        """Nobody can: 409, in the words of the machine."""
        params = await fields(request, ("by", "note"))
        by, note = params.person(self._known.roster), params.note()
        params.check()
        return answer({"error": refusal(request.path_params["episode"], by, note)}, 409)

    async def _do(self, request: Request, kind: Literal["ack", "unack", "note"]) -> Response:
        params = await fields(request, ("by", "note"))
        by, note = params.person(self._known.roster), params.note(needed=kind == "note")
        params.check()
        return done(await self._acting.do(kind, request.path_params["episode"], by, note=note))


def span(params: Fields, now_ms: int, default_ms: int, known: Known) -> tuple[int, int]:
    """Returns from when to when something is asked for; by default up to now.

    Args:
        params: Of the request: `from`, `to`.
        now_ms: Redis TIME.
        default_ms: How long before `to` it begins if nobody says.
        known: Whose midnights they are.
    """
    to_ms = params.parsed("to", lambda v: moment_or_date(one(v), known.zone), now_ms + 1)
    otherwise = to_ms - default_ms
    from_ms = params.parsed("from", lambda v: moment_or_date(one(v), known.zone), otherwise)
    if from_ms >= to_ms:
        params.bad("from", "must be before `to`")
    elif to_ms - from_ms > KEPT_MS:
        params.bad("from", f"history is kept for {KEPT_MS // DAY_MS} days: ask for less")
    return from_ms, to_ms


def refusal(episode: str, by: str, note: str) -> str:
    """Returns why nobody can resolve an alert, as the state machine says it."""
    facts = Facts(
        segment="", kpi="", window="", value=None, n=None, part=None, whole=None, unit="",
        formula="", threshold=None, clear=None, target=None, since_ms=None,
    )  # fmt: skip
    any_one = Instance(condition="firing", facts=facts, episode=episode, seen_at_ms=0)
    what = Act(kind="resolve", episode=episode, by=by, note=note)
    try:
        machine.act(any_one, what, 0, Timing(for_ms={}), Key("", ""))
    except machine.ActRefused as refused:
        return str(refused)
    raise AssertionError("an alert was resolved by hand")
