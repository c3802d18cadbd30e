"""Lines of the bank's format, made up: anything that its months hold, and what they might."""

import datetime as dt
import zoneinfo
from collections.abc import Sequence

from hypothesis import strategies as st

ZONE = zoneinfo.ZoneInfo("Asia/Jerusalem")
NEVER = "0:00:00"
NAMES = (
    "vru_line call_id customer_id priority type date vru_entry vru_exit vru_time q_start q_exit "
    "q_time outcome ser_start ser_exit ser_time server"
)
COLUMNS = NAMES.split()
DATES = [
    dt.date(1999, 1, 31),
    dt.date(1999, 2, 1),
    dt.date(1999, 4, 1),
    dt.date(1999, 4, 2),  # the clock is put forward at 2:00
    dt.date(1999, 9, 2),
    dt.date(1999, 9, 3),  # the clock is put back at 2:00
    dt.date(1999, 12, 31),
]
OFTEN_AT_NIGHT = st.one_of(
    st.integers(0, 86_399),
    st.integers(0, 3 * 3600),
    st.integers(86_400 - 1800, 86_399),
)
LASTS = st.one_of(st.just(0), st.integers(0, 60), st.integers(0, 4000))

Row = dict[str, str]


def clock(moment: dt.datetime) -> str:
    """Returns what the clock on the wall shows, as the file writes it."""
    local = moment.astimezone(ZONE)
    return f"{local.hour}:{local:%M:%S}"


@st.composite
def rows(draw: st.DrawFn, number: int) -> Row:
    """Returns a call that happened, as somebody's system wrote it down."""
    date = draw(st.sampled_from(DATES))
    begin = dt.datetime.combine(date, dt.time(), ZONE) + dt.timedelta(seconds=draw(OFTEN_AT_NIGHT))
    entry = begin.astimezone(dt.UTC)

    def after(moment: dt.datetime, seconds: int) -> dt.datetime:
        return moment + dt.timedelta(seconds=seconds)

    vru_s = draw(st.integers(-20, 120))
    menu_over = after(entry, vru_s)
    queued = draw(st.booleans())
    wait_s = draw(LASTS) if queued else 0
    start = after(menu_over, draw(st.integers(0, 3)))
    over = after(start, wait_s) if queued else menu_over
    answer = draw(
        st.sampled_from([after(over, -2), after(over, 1), over, after(start, -1), after(start, 0)])
    )
    talk_s = draw(st.one_of(LASTS, st.integers(0, 61_437)))
    row = {
        "vru_line": draw(st.sampled_from(["AA0101", "AA0216"])),
        "call_id": str(number),
        "customer_id": draw(st.sampled_from(["0", "9664491"])),
        "priority": draw(st.sampled_from("012")),
        "type": draw(st.sampled_from(["PS", "NW", "AA"])),
        "date": f"{date:%y%m%d}",
        "vru_entry": clock(entry),
        "vru_exit": clock(menu_over),
        "vru_time": str(vru_s),
        "q_start": clock(start) if queued else NEVER,
        "q_exit": clock(over) if queued else NEVER,
        "q_time": str(wait_s),
        "outcome": draw(st.sampled_from(["AGENT", "AGENT", "HANG", "PHANTOM"])),
        "ser_start": clock(answer),
        "ser_exit": clock(after(answer, talk_s)),
        "ser_time": str(talk_s),
        "server": draw(st.sampled_from(["MICHAL", "NO_SERVER"])),
    }
    if draw(st.booleans()) and row["outcome"] == "AGENT":
        row |= {"ser_start": NEVER, "ser_exit": NEVER, "ser_time": "0"}
    return row


@st.composite
def months(draw: st.DrawFn) -> list[Row]:
    """Returns some calls in any order."""
    count = draw(st.integers(0, 12))
    return draw(st.permutations([draw(rows(number)) for number in range(count)]))


def text(rows: Sequence[Row]) -> str:
    """Returns the file."""
    lines = [COLUMNS, *([row[c] for c in COLUMNS] for row in rows)]
    return "".join("\t".join(line) + "\n" for line in lines)
