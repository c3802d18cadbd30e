"""The link in a message: GET shows what it is about and who has it, POST takes it on.

Scanners of mail open links before people do, so GET changes nothing. A link acknowledges one
episode, in the name of whom it was sent to; the link in a channel asks who is there.
"""

from typing import Final, NamedTuple
from urllib.parse import parse_qs

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from alerting import figures
from alerting.acts import ActsAway
from alerting.core.shapes import Event
from alerting.core.telling import Notice
from alerting.links import PATH, BadLink, Links
from alerting.message import Block, Context, lay_out
from alerting.shown import Row
from alerting.web.acting import Acting
from alerting.web.fields import BadFields, Fields
from alerting.web.http import read
from alerting.web.pages import page
from alerting.web.ports import AlertsRead, Known
from alerting.web.told import event_of
from alerting.web.watch import Watch
from alerting.web.words import WORDS, PageWords, language_of
from streams.core.words import Language
from streams.store import StoreAway

FORM: Final = 8 * 1024
"""Bytes of a form."""
KEPT_MS: Final = 35 * 86_400_000
_OVER: Final = ("resolve", "close")


class _Asked(NamedTuple):
    """What came with the request."""

    token: str
    language: Language
    values: dict[str, str]

    @property
    def words(self) -> PageWords:
        return WORDS[self.language]


class _Refused(Exception):
    """A link that opens nothing: what is said instead."""

    def __init__(self, said: str, status: int) -> None:
        super().__init__(said)
        self.said = said
        self.status = status


class _Link(NamedTuple):
    """A good link."""

    episode: str
    person: str | None
    """Whose it is; `None` = of everybody in a channel."""


class Acking:
    """The handlers."""

    def __init__(self, known: Known, store: AlertsRead, watch: Watch, acting: Acting) -> None:
        self._known = known
        self._store = store
        self._watch = watch
        self._acting = acting
        self._links: Links | None = None

    async def show(self, request: Request) -> Response:
        """What the alert is, who has it, and a form to take it on."""
        asked = self._asked(request, request.url.query)
        try:
            link = await self._open(asked)
            return await self._state(asked, link)
        except _Refused as refused:
            return self._say(asked, refused.said, status=refused.status)
        except StoreAway:
            return self._say(asked, asked.words.away, status=503)

    async def act(self, request: Request) -> Response:
        """Takes the alert on, unless the one whose link it is has it already."""
        try:
            asked = self._asked(request, (await read(request, FORM)).decode())
        except (BadFields, UnicodeDecodeError):
            asked = self._asked(request, "")
        try:
            return await self._act(asked)
        except _Refused as refused:
            return self._say(asked, refused.said, status=refused.status)
        except (ActsAway, StoreAway):
            return self._say(asked, asked.words.away, status=503)

    async def _act(self, asked: _Asked) -> Response:
        words = asked.words
        link = await self._open(asked)
        row = self._row(link.episode)
        if row is None or _has(row, link.person):
            return await self._state(asked, link)
        params = Fields({k: v for k, v in asked.values.items() if v}, ("by", "note", "t", "lang"))
        note = params.note()
        if params.mistakes:
            return await self._state(asked, link, words.note_too_long, 400)
        by = link.person or params.person(self._known.roster)
        if params.mistakes:
            return await self._state(asked, link, words.no_such_person, 400)
        done = await self._acting.do("ack", link.episode, by, note=note)
        said = {200: words.done, 202: words.recorded, 409: words.refused}[done.status]
        return self._say(asked, said, status=done.status, block=self._block(asked, row))

    # -- what a link opens

    def _asked(self, request: Request, text: str) -> _Asked:
        values = {name: found[-1] for name, found in parse_qs(text).items()}
        accept = request.headers.get("accept-language", "")
        language = language_of(values.get("lang"), accept, self._known.language)
        return _Asked(values.get("t", ""), language, values)

    async def _open(self, asked: _Asked) -> _Link:
        """Returns what a token opens.

        Raises:
            _Refused: nothing.
            StoreAway: what signs is not known yet.
        """
        if self._links is None:
            secret = self._known.secret or await self._store.secret()
            self._links = Links(self._known.url, secret)
        try:
            episode, address = self._links.check(asked.token, self._watch.clock_ms())
        except BadLink as bad:
            if bad.why == "expired":
                raise _Refused(asked.words.expired, 410) from bad
            raise _Refused(asked.words.forged, 403) from bad
        kind, colon, _ = address.partition(":")
        if colon and kind == "channel":
            return _Link(episode, None)
        person, roster = address.partition("/")[0], self._known.roster
        if roster is not None and person not in roster.people:
            raise _Refused(asked.words.stranger, 403)
        return _Link(episode, person)

    def _row(self, episode: str) -> Row | None:
        return next((r for r in self._watch.shown.alerts if r.episode == episode), None)

    # -- what is said

    async def _state(
        self, asked: _Asked, link: _Link, complaint: str = "", status: int = 200
    ) -> Response:
        """Returns the page as the alert is now."""
        row = self._row(link.episode)
        if row is None:
            return await self._ended(asked, link)
        words = asked.words
        if _has(row, link.person):
            assert row.acked is not None
            said = words.yours.format(time=self._time(row.acked.at))
            return self._say(asked, said, block=self._block(asked, row))
        said, button = words.nobody, words.take
        if row.state == "resolved":
            said, button = words.over.format(time=self._time(row.ended or row.since)), words.seen
        elif row.acked is not None:
            name = self._known.name(row.acked.by)
            said = words.has.format(name=name, time=self._time(row.acked.at))
            button = words.take_over
        block = self._block(asked, row)
        told = [complaint, said] if complaint else [said]
        return self._say(
            asked, *told, status=status, block=block, button=button, who=link.person is None
        )

    async def _ended(self, asked: _Asked, link: _Link) -> Response:
        """Returns the page of an alert that is in view no more."""
        now_ms = self._watch.clock_ms()
        events = await self._store.history(now_ms - KEPT_MS, now_ms + 1, link.episode)
        block = self._laid_out(asked, events[-1]) if events else None
        place = link.episode.rpartition("|")[0]
        newer = next(
            (r for r in self._watch.shown.alerts if f"{r.rule}|{r.segment}" == place), None
        )
        said = asked.words.gone
        if newer is not None:
            said = asked.words.newer.format(time=self._time(newer.since))
        return self._say(asked, said, status=410, block=block)

    def _say(
        self,
        asked: _Asked,
        *said: str,
        status: int = 200,
        block: Block | None = None,
        button: str = "",
        who: bool = False,
    ) -> Response:
        return page(
            "ack",
            status,
            form=bool(button),
            title=block.headline if block else "Pouls",
            language=asked.language,
            words=asked.words,
            block=block,
            said=said,
            button=button,
            who=who,
            path=PATH,
            token=asked.token,
        )

    def _block(self, asked: _Asked, row: Row) -> Block:
        return self._laid_out(asked, event_of(row))

    def _laid_out(self, asked: _Asked, event: Event) -> Block:
        """Returns an alert as messages show it: value against target, since when, what to do."""
        if event.kind not in _OVER:
            event = msgspec.structs.replace(event, kind="fire", by="", note="")
        known = self._known
        context = Context(
            rules=known.rules,
            zone=known.zone,
            now_ms=self._watch.clock_ms(),
            name=known.name,
            currency=known.currency,
        )
        notice = Notice(id="", group="", kind="fire", to=(), clock_ms=event.clock_ms)
        return lay_out(notice, [event], asked.language, context).blocks[0]

    def _time(self, at_s: float) -> str:
        return figures.clock(self._known.zone, round(at_s * 1000))


def _has(row: Row, person: str | None) -> bool:
    """Whether it is this person who has taken an alert on."""
    return row.acked is not None and row.acked.by == person
