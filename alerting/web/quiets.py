"""`/api/v1/silences` and `/api/v1/maintenance`: times in which nobody is told.

The wall shows alerts all the same. Every such time has an author, an end, and says what it is for:
there is none that lasts for ever or silences everything.
"""

import re
import uuid
from typing import Final, Literal

from starlette.requests import Request
from starlette.responses import Response

from alerting.core.literals import parse_ms
from alerting.core.telling import Quiet
from alerting.shown import agents_named
from alerting.web import privacy
from alerting.web.acting import Acting
from alerting.web.fields import Fields, moment, query
from alerting.web.http import answer, done, fields
from alerting.web.ports import Host, Known
from alerting.web.watch import Watch

DAY_MS: Final = 86_400_000
LONGEST_MS: Final = 30 * DAY_MS
AHEAD_MS: Final = 366 * DAY_MS
"""So long before its beginning a quiet time may be entered."""
BEFORE_MS: Final = 900_000
"""So long before its beginning maintenance is announced if nobody says otherwise."""
LATE_MS: Final = 60_000
"""A beginning so little in the past is now: clocks differ."""
WHOM: Final = 20
"""Who may be told of maintenance, at most so many."""
_TO: Final = re.compile(
    r"(duty:[a-z][a-z0-9_]{0,63}|person:[^/\s]{1,64})/(page|mail)|channel:[a-z][a-z0-9_]{0,63}"
)


class Quiets:
    """The handlers for one kind."""

    def __init__(
        self,
        kind: Literal["silence", "maintenance"],
        known: Known,
        watch: Watch,
        acting: Acting,
        host: Host,
    ) -> None:
        self._kind = kind
        self._known = known
        self._watch = watch
        self._acting = acting
        self._host = host

    async def all(self, request: Request) -> Response:
        """Those that have not ended, the first to end first."""
        params = query(request.url.query, ("segment",))
        wanted = params.parsed("segment", privacy.parse, privacy.ALL)
        params.check()
        pick = wanted.pick(self._host.agents)
        rows = [
            row
            for row in self._watch.shown.quiet
            if row.kind == self._kind and all(map(pick, agents_named(row.match)))
        ]
        return answer({"silences" if self._kind == "silence" else "maintenance": rows})

    async def begin(self, request: Request) -> Response:
        """A new one; the answer has its id."""
        known = ["by", "note", "match", "from", "until", "for"]
        if self._kind == "maintenance":
            known += ["announce", "before"]
        params = await fields(request, known)
        quiet = self._quiet(params)
        params.check()
        act = await self._acting.do(
            self._kind, quiet.id, quiet.by, note=quiet.note, until_ms=quiet.until_ms, quiet=quiet
        )
        return done(act, id=quiet.id)

    async def end(self, request: Request) -> Response:
        """One ends early, now."""
        params = await fields(request, ("by", "note"))
        by, note = params.person(self._known.roster), params.note()
        params.check()
        return done(await self._acting.do("unsilence", request.path_params["id"], by, note=note))

    def _quiet(self, params: Fields) -> Quiet:
        now_ms = self._watch.clock_ms()
        from_ms = params.parsed("from", moment, now_ms)
        if from_ms < now_ms - LATE_MS:
            params.bad("from", "is in the past")
        elif from_ms > now_ms + AHEAD_MS:
            params.bad("from", f"is more than {AHEAD_MS // DAY_MS} days away")
        return Quiet(
            id=uuid.uuid4().hex[:12],
            kind=self._kind,
            match=params.matcher(self._known.rules),
            from_ms=from_ms,
            until_ms=params.end(from_ms, LONGEST_MS),
            by=params.person(self._known.roster),
            note=params.note(),
            announce=params.parsed("announce", _whom, ()),
            before_ms=params.parsed("before", parse_ms, BEFORE_MS),
        )


def _whom(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > WHOM:
        raise ValueError(f"must be a list of at most {WHOM}")
    for to in value:
        if not isinstance(to, str) or not _TO.fullmatch(to):
            raise ValueError(f"{to!r} is none of duty:NAME/page, person:ID/mail, channel:NAME")
    return tuple(dict.fromkeys(value))
