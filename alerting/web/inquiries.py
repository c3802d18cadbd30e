"""`/api/v1/investigations`: what followed alerts, and what people do about it."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, Final, get_args

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from alerting.core.investigations import Investigation, Step, late
from alerting.core.investigations.shapes import Doing, Result, Status
from alerting.web import privacy
from alerting.web.acting import Acting
from alerting.web.fields import NOTE, Fields, moment, one, query
from alerting.web.http import NotFound, answer, done, fields
from alerting.web.ports import AlertsRead, Host, Known
from alerting.web.watch import Watch
from streams.core.buckets import iso

STATUSES: Final = tuple(status for status in get_args(Status) if status != "counting")
FORMATS: Final = ("json", "csv")
COLUMNS: Final = (
    "id", "status", "kpi", "segment", "rule", "owner", "why", "opened", "value", "target", "n",
    "episodes", "investigate_by", "plan_by", "overdue", "category", "cause", "actions_open",
    "result", "closed",
)  # fmt: skip
"""Of the table: one line an investigation, for a spreadsheet."""
_FIELDS: Final = (
    "by", "do", "owner", "category", "text", "who", "due", "action", "result",
)  # fmt: skip


class Inquiries:
    """The handlers."""

    def __init__(
        self, known: Known, store: AlertsRead, watch: Watch, acting: Acting, host: Host
    ) -> None:
        self._known = known
        self._store = store
        self._watch = watch
        self._acting = acting
        self._host = host

    async def all(self, request: Request) -> Response:
        """All of them, those in work first, the latest first; `status` and `segment` choose."""
        params = query(request.url.query, ("status", "segment", "format"))
        statuses = params.parsed("status", _statuses, STATUSES)
        wanted = params.parsed("segment", privacy.parse, privacy.ALL)
        form = params.parsed("format", lambda v: _of(one(v), FORMATS), "")
        params.check()
        pick = wanted.pick(self._host.agents)
        found = [
            record
            for record in (await self._store.investigations()).values()
            if record.status in statuses and pick(record.segment)
        ]
        found.sort(key=lambda r: (r.status == "closed", -r.opened_ms, r.id))
        accept = request.headers.get("accept", "")
        if (form or ("csv" if "text/csv" in accept else "json")) == "csv":
            return Response(self._table(found), media_type="text/csv; charset=utf-8")
        return answer({"investigations": [self._entry(record) for record in found]})

    async def one(self, request: Request) -> Response:
        """One of them, with everything that happened to it."""
        name = request.path_params["id"]
        record = (await self._store.investigations()).get(name)
        if record is None or record.status == "counting":
            raise NotFound(f"no investigation {name!r} is known")
        return answer(self._entry(record))

    async def act(self, request: Request) -> Response:
        """Somebody does something to it: `do` says what."""
        params = await fields(request, _FIELDS)
        by = params.person(self._known.roster)
        step = _step(params)
        params.check()
        said = msgspec.to_builtins(step)
        return done(
            await self._acting.do(
                "investigation", request.path_params["id"], by, investigation=said
            )
        )

    # -- what is answered

    def _entry(self, record: Investigation) -> dict[str, Any]:
        said: dict[str, Any] = msgspec.to_builtins(record)
        said["overdue"] = list(late(record, self._watch.clock_ms()))
        said["owner_name"] = self._known.name(record.owner)
        timed: dict[str, Any] = _timed(said)
        return timed

    def _table(self, records: Iterable[Investigation]) -> str:
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(COLUMNS)
        for record in records:
            entry = self._entry(record)
            entry["episodes"] = record.n_episodes
            entry["overdue"] = "; ".join(entry["overdue"])
            entry["actions_open"] = sum(action.done_ms is None for action in record.actions)
            writer.writerow([_cell(entry[name]) for name in COLUMNS])
        return out.getvalue()


def _timed(said: Any) -> Any:  # noqa: ANN401  JSON in, JSON out
    """Returns a record with times as people read them: `opened_ms` becomes `opened`."""
    if isinstance(said, list):
        return [_timed(item) for item in said]
    if not isinstance(said, dict):
        return said
    return {
        name.removesuffix("_ms"): iso(value) if name.endswith("_ms") and value else _timed(value)
        for name, value in said.items()
    }


def _cell(value: object) -> object:
    """Returns a cell; one that a spreadsheet would take for a formula is text."""
    text = "" if value is None else value
    return f"'{text}" if isinstance(text, str) and text[:1] in "=+-@" and text else text


def _step(params: Fields) -> Step:
    """Returns what is done; each field that is wrong is told."""
    if "do" not in params:
        params.bad("do", f"is missing: one of {', '.join(get_args(Doing))}")
    return Step(
        do=params.parsed("do", lambda v: _of(v, get_args(Doing)), "note"),
        owner=params.parsed("owner", _text, ""),
        category=params.parsed("category", _text, ""),
        text=params.parsed("text", _text, ""),
        who=params.parsed("who", _text, ""),
        by_ms=params.parsed("due", moment, None),
        action=params.parsed("action", _number, None),
        result=params.parsed("result", lambda v: _of(v, get_args(Result)), ""),
    )


def _statuses(values: list[str]) -> tuple[Any, ...]:
    return tuple(_of(value, STATUSES) for value in values)


def _of(value: object, known: Sequence[str]) -> Any:  # noqa: ANN401  one of the literals
    if value not in known:
        raise ValueError(f"{value!r} is none of {', '.join(filter(None, known))}")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > NOTE:
        raise ValueError(f"must be text of at most {NOTE} characters")
    return value.strip()


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("must be the number of an action")  # noqa: TRY004  like any other mistake
    return value
