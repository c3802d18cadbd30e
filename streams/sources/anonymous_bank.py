"""The calls of an anonymous bank (Guedj & Mandelbaum, Technion, 1999): one line a call, by tabs.

Theory of operation. A line holds wall-clock times without a date, but for the day on which the
call began. Each time is put at the instant nearest to its predecessor in the chain vru_entry →
vru_exit → q_start → ser_start: so calls may cross midnight, menus may end before they begin, and
the nights when the clock is changed come out right. What lasts is added in elapsed seconds: the
file's own durations are right where its times are not. That is why waits and talks are stated.
"""

import datetime as dt
import re
import zoneinfo
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

import msgspec

from streams.core.buckets import DAY_MS, iso
from streams.core.errors import LineRefused
from streams.sources.source import Convert, Source, by_line

ZONE: Final = "Asia/Jerusalem"
COLUMNS: Final = (
    "vru_line", "call_id", "customer_id", "priority", "type", "date", "vru_entry", "vru_exit",
    "vru_time", "q_start", "q_exit", "q_time", "outcome", "ser_start", "ser_exit", "ser_time",
    "server",
)  # fmt: skip
NAMING: Final = ("vru_line", "call_id", "type")
"""What names the contact and its queue."""
NEVER: Final = "0:00:00"
"""Stands for a time that there was not."""
_zone = zoneinfo.ZoneInfo(ZONE)
_time = re.compile(r"(\d|[01]\d|2[0-3]):([0-5]\d):([0-5]\d)").fullmatch
_date = re.compile(r"(\d\d)(\d\d)(\d\d)").fullmatch
_encode = msgspec.json.Encoder().encode
Row = dict[str, str]


def converter() -> Convert:
    """Returns a converter that takes the first line as the names of the columns."""
    columns: list[str] = []

    def convert(line: bytes) -> Iterable[bytes]:
        values = [v.strip() for v in line.decode(errors="replace").rstrip("\r\n").split("\t")]
        if not columns:
            columns.extend(values)
            return ()
        if missing := [c for c in COLUMNS if c not in columns]:
            raise LineRefused("header", f"does not name the columns {', '.join(missing)}")
        if values == [""]:
            return ()
        if len(values) != len(columns):
            raise LineRefused("line", f"{len(values)} values under {len(columns)} columns")
        return events(dict(zip(columns, values, strict=True)))

    return convert


SOURCE = Source("anonymous-bank", ZONE, by_line(converter))


def events(row: Row) -> list[bytes]:
    """Returns the events of one call.

    Raises:
        LineRefused: a field that cannot be read.
    """
    for field in NAMING:
        if not row[field]:
            raise LineRefused(field, "is empty")
    match row["outcome"]:
        case "AGENT":
            return list(_answered(row))
        case "HANG":
            return list(_hung_up(row))
        case "PHANTOM":
            return []
        case other:
            raise LineRefused("outcome", f"{other!r} is none of AGENT, HANG, PHANTOM")


def _answered(row: Row) -> Iterator[bytes]:
    created, menu_over, queued, queue_over = _way_to_the_agent(row)
    talk_s = _number(row, "ser_time")
    if talk_s == 0 and row["ser_start"] == NEVER == row["ser_exit"]:
        answered = queue_over
    else:
        before = menu_over if queued is None else queued
        answered = _nearest(before, _second_of_day(row, "ser_start"))
    yield _created(row, created)
    if queued is not None:
        yield _event(row, "queued", min(queued, answered), queue=row["type"])
    wait_s = _number(row, "q_time")
    who = {"queue": row["type"], "agent": row["server"]}
    yield _event(row, "answered", answered, **who, wait_s=wait_s)
    yield _event(row, "ended", answered + 1000 * max(talk_s, 0), talk_s=talk_s)


def _hung_up(row: Row) -> Iterator[bytes]:
    created, _, queued, over = _way_to_the_agent(row)
    yield _created(row, created)
    if queued is None:
        yield _event(row, "abandoned", over, phase="ivr")
    else:
        yield _event(row, "queued", queued, queue=row["type"])
        yield _event(row, "abandoned", over, phase="queue", wait_s=_number(row, "q_time"))


def _way_to_the_agent(row: Row) -> tuple[int, int, int | None, int]:
    """Returns when the call began, left the menu, entered the queue, and left it; in ms.

    Where it was never queued, it left the menu last.
    """
    day = _day(row["date"])
    created = _instant(day + dt.timedelta(seconds=_second_of_day(row, "vru_entry")))
    menu_over = _nearest(created, _second_of_day(row, "vru_exit"))
    if row["q_start"] == NEVER:
        return created, menu_over, None, menu_over
    queued = _nearest(menu_over, _second_of_day(row, "q_start"))
    return created, menu_over, queued, queued + 1000 * max(_number(row, "q_time"), 0)


def _created(row: Row, at_ms: int) -> bytes:
    said = {"channel": "voice", "direction": "inbound", "queue": row["type"]}
    said["priority"] = "high" if row["priority"] == "2" else "normal"
    if row["customer_id"] != "0":
        said["customer"] = row["customer_id"]
    return _event(row, "created", at_ms, **said)


def _event(row: Row, kind: str, at_ms: int, **data: str | int) -> bytes:
    """Returns an event in JSON; `type` stands first because decoding is faster then."""
    contact = f"{row['date']}-{row['vru_line']}-{row['call_id']}"
    return _encode(
        {
            "type": f"contact.{kind}",
            "specversion": "1.0",
            "id": f"{contact}-{kind}",
            "source": SOURCE.name,
            "time": iso(at_ms),
            "subject": contact,
            "data": data,
        }
    )


# -- fields


def _number(row: Row, field: str) -> int:
    try:
        return int(row[field])
    except ValueError:
        raise LineRefused(field, f"{row[field]!r} is no number of seconds") from None


@lru_cache
def _day(date: str) -> dt.datetime:
    found = _date(date)
    try:
        if found:
            return dt.datetime(1900 + int(found[1]), int(found[2]), int(found[3]), tzinfo=_zone)
    except ValueError:
        pass
    raise LineRefused("date", f"{date!r} is no date YYMMDD")


def _second_of_day(row: Row, field: str) -> int:
    found = _time(row[field])
    if not found:
        raise LineRefused(field, f"{row[field]!r} is no time of day")
    return int(found[1]) * 3600 + int(found[2]) * 60 + int(found[3])


# -- wall clock → instants


def _instant(local: dt.datetime) -> int:
    return int(local.timestamp()) * 1000


def _nearest(before_ms: int, second: int) -> int:
    """Returns the instant nearest to another at which the clock shows this second of the day."""
    offset_ms = _steady_offset(before_ms // DAY_MS)
    if offset_ms is not None:
        ahead = (second * 1000 - before_ms - offset_ms) % DAY_MS
        return before_ms + (ahead if ahead <= DAY_MS // 2 else ahead - DAY_MS)
    today = dt.datetime.fromtimestamp(before_ms // 1000, _zone).replace(hour=0, minute=0, second=0)
    candidates = [
        _instant((today + dt.timedelta(days=day, seconds=second)).replace(fold=fold))
        for day in (-1, 0, 1)
        for fold in (0, 1)
    ]
    return min(candidates, key=lambda ms: abs(ms - before_ms))


@lru_cache(maxsize=4096)
def _steady_offset(utc_day: int) -> int | None:
    """Returns the zone's offset in ms around a day, `None` where the clock is changed near it."""
    offsets = {
        dt.datetime.fromtimestamp((utc_day + days) * 86_400, _zone).utcoffset() for days in (-2, 3)
    }
    offset = offsets.pop()
    return None if offsets or offset is None else offset // dt.timedelta(milliseconds=1)
