"""docs/agents.md, as far as it can be made: `make readme` after a change of what it tells.

Made are the table of KPIs with a worked number for every formula, the tables of the example's plan
and states, and what the commands of ```console blocks print.
"""

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Final, get_args

import msgspec

from streams.core.catalogue import Kpi
from streams.core.kpis_agents import AGENT_ENTRIES
from streams.core.policy import Formula, OfflineInBreak, OutOfShift, Productivity
from streams.core.reading import Reading
from streams.inputs import named
from streams.report import report
from streams.report_options import Options, ask_of
from streams.settings import Settings, load_settings

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs/agents.md"
DAY: Final = ROOT / "docs/examples/agents"
AFTERWARDS, NOW = "2025-11-24T16:00", "2025-11-24T12:40"
"""When the example's windows and what is true now are read."""
SEGMENTS: Final = ("site", "team:sales", "channel:voice")
"""Of a formula the first one that uses it is worked out."""
CONSOLE: Final = re.compile(
    r"(?<=^```console\n)((?:\$ (?:.*\\\n)*.*\n)+)([^`]*)(?=^```)", re.MULTILINE
)


def replaced(text: str) -> str:
    """Returns the page with everything as it should be."""
    return CONSOLE.sub(lambda found: found[1] + printed(found[1]), with_tables(text))


def with_tables(text: str) -> str:
    """Returns the page with its tables as they should be."""
    for name, made in (("kpis", kpis()), ("day", day())):
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, rest = text.split(begin)
        text = before + begin + made + "\n" + end + rest.split(end)[1]
    return text


def printed(script: str) -> str:
    """Returns what the commands of a block print; what they remark is left out."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", re.sub(r"^\$ ", "", script, flags=re.MULTILINE)],
        cwd=ROOT, env={"PATH": path, "COLUMNS": "200"}, text=True, check=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ).stdout  # fmt: skip


# -- the table of KPIs


def kpis() -> str:
    """Returns the KPIs of agents with what their formulas come to in the example."""
    found: dict[tuple[str, str], Reading] = {}
    for reading in _readings():
        found.setdefault((reading.kpi, reading.formula), reading)
    head = ["| id | name | what it says | formula, and the example |", "|---|---|---|---|"]
    return "\n".join([*head, *(_row(kpi, found) for kpi in AGENT_ENTRIES)])


def _row(kpi: Kpi, found: dict[tuple[str, str], Reading]) -> str:
    worked = [
        (f"`{name}`: " if len(kpi.formulas) > 1 else "") + _worked(kpi, found[kpi.id, name])
        for name in kpi.formulas
    ]
    names = f"{kpi.name.en} · *{kpi.name.fr}*"
    return f"| `{kpi.id}` | {names} | {kpi.definition.en} | {'<br>'.join(worked)} |"


def _worked(kpi: Kpi, reading: Reading) -> str:
    """Returns a formula in words and numbers."""
    parts = [_part(kpi, part) for part in (reading.part, reading.whole)]
    value = _value(kpi, reading.value)
    text = kpi.formula(reading.formula).en.format(
        value=value, n=reading.n, part=parts[0], whole=parts[1]
    )
    done = text if reading.part is None else f"{text} = {value}"
    return done if reading.segment == "site" else f"{done} (`{reading.segment}`)"


def _part(kpi: Kpi, part: int | None) -> str:
    if part is None:
        return ""
    return f"{part / 60_000:g} min" if kpi.part_unit == "ms" else str(part)


def _value(kpi: Kpi, value: float | None) -> str:
    assert value is not None, f"{kpi.id} has no number in the example"
    match kpi.unit:
        case "ratio":
            return f"{100 * value:.1f} %"
        case "seconds":
            return f"{value:,.0f} s"
        case "money":
            return f"€ {value:.2f}"
        case "number" | "per_hour":
            return f"{value:.3f}"
        case _:
            return str(value)


def _readings() -> Iterator[Reading]:
    """Yields the example's readings by all policies."""
    own = load_settings({}, DAY / "pouls.toml")
    policies = (get_args(policy) for policy in (OutOfShift, OfflineInBreak, Productivity))
    for out_of_shift, offline, productivity in product(*policies):
        chosen = Formula(
            out_of_shift=out_of_shift, offline_in_break=offline, productivity=productivity
        )
        reading = msgspec.structs.replace(own.reading, default=chosen)
        settings = msgspec.structs.replace(own, reading=reading)
        yield from _read(settings, "live", NOW)
        yield from _read(settings, "today", AFTERWARDS)


def _read(settings: Settings, window: str, at: str) -> list[Reading]:
    inputs = named(None, None, [f"schedule-csv:{DAY}/plan.csv", f"events:{DAY}/day.ndjson"])
    wanted = [kpi.id for kpi in AGENT_ENTRIES if (kpi.kind == "live") == (window == "live")]
    options = Options(window=window, at=at, segment=SEGMENTS, kpi=wanted)
    by_segment = {name: i for i, name in enumerate(SEGMENTS)}
    found = report(ask_of(inputs, options, settings), _refuse).readings
    return sorted(found, key=lambda reading: by_segment[reading.segment])


def _refuse(where: str, why: str) -> None:
    raise ValueError(f"{where}: {why}")


# -- the example's day


def day() -> str:
    """Returns the example's plan and states, an agent a row."""
    plans: dict[str, list[str]] = {}
    with (DAY / "plan.csv").open(newline="") as file:
        for line in csv.DictReader(file):
            plans.setdefault(line["agent"], []).append(_activity(line))
    states: dict[str, list[str]] = {agent: [] for agent in plans}
    for text in (DAY / "day.ndjson").read_text().splitlines():
        event = json.loads(text)
        if event["type"] == "agent.state":
            states[event["subject"]].append(_state(event["time"], event["data"]))
    rows = (f"| {a} | {'<br>'.join(plans[a])} | {', '.join(states[a])} |" for a in plans)
    return "\n".join(["| agent | plan | state, from then on |", "|---|---|---|", *rows])


def _activity(line: dict[str, str]) -> str:
    marks = [mark for mark in ("productive", "tracked") if line[mark] == "no"]
    not_so = f" (not {', not '.join(marks)})" if marks else ""
    return f"{line['start']}–{line['end']} {line['activity']}{not_so}"


def _state(time: str, data: dict[str, object]) -> str:
    contacts = data.get("contacts", [])
    assert isinstance(contacts, list)
    said = [str(data["reason"])] if "reason" in data else [c["contact"] for c in contacts]
    return f"{time[11:16]} {data['state']}" + (f" ({', '.join(said)})" if said else "")


if __name__ == "__main__":
    PAGE.write_text(replaced(PAGE.read_text()))
