"""Random contacts for the property tests: mostly senseless, on a coarse grid.

So that times collide.
"""

import datetime as dt
import json
import random
from typing import Any

from tests.core.reference import ORDER

HOUR = 3_600_000
T0 = 1_793_000_000_000 // 900_000 * 900_000
LIKELY = ["queued", "answered", "ended", "wrapped", "abandoned", "held", "resumed", "transferred"]
CHOICES: dict[str, Any] = {
    "queue": ["A", "B", "C", "é"],
    "agent": ["x", "y", "z"],
    "channel": ["voice", "chat", "ticket"],
    "phase": ["ivr", "queue", "ring"],
    "wait_s": [-1, 0, 3.5, 20, 19.9995],
    "talk_s": [-2, 5, 100.25],
    "hold_s": [1, 2],
    "wrap_s": [0, 7],
    "by": ["customer", "agent", "system"],
    "cause": ["no_answer", "caller_left", ""],
}


def iso(ms: int) -> str:
    """Returns an instant as RFC 3339."""
    moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(milliseconds=ms)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def encode(event: dict[str, Any]) -> bytes:
    """Returns an event's bytes."""
    return json.dumps(event, separators=(",", ":")).encode()


def data_for(r: random.Random, kind: str) -> dict[str, Any]:
    """Returns random data that the contract accepts for a type."""
    d = {k: r.choice(v) for k, v in CHOICES.items() if r.random() < 0.35}
    if kind == "queued":
        d.setdefault("queue", "A")
    if kind in ("offered", "missed"):
        d.setdefault("agent", "x")
    if kind == "flowed_out":
        d["to"] = r.choice(["callback", "ivr"])
    if kind == "status":
        d["to"] = r.choice(["open", "pending", "solved", "closed"])
    return d


def contact(r: random.Random, name: str, start: int, span: int) -> list[tuple[int, bytes]]:
    """Returns (ms, bytes) of one contact's records: repeats.

    Rival contents and twins among them.
    """
    grid = r.choice([1, 1000, 10_000])
    width = r.choice([60_000, 600_000, 5 * HOUR, span])
    out = []
    for j in range(r.randrange(1, 12)):
        kind = r.choice(ORDER if r.random() < 0.4 else LIKELY)
        ms = min(T0 + span - 1, start + r.randrange(width) // grid * grid)
        event: dict[str, Any] = {
            "type": f"contact.{kind}", "id": f"{name}-{j}", "source": r.choice(["s", "s", "u"]),
            "subject": name, "data": data_for(r, kind),
        }  # fmt: skip
        out.append((ms, event))
        if r.random() < 0.1:
            out.append((ms, {**event, "id": f"{event['id']}#again"}))
        if r.random() < 0.1:
            later = min(T0 + span - 1, ms + r.randrange(0, 2 * HOUR, 1000))
            out.append((later, {**event, "data": {**event["data"], "agent": "w"}}))
        if r.random() < 0.05:
            out.append((ms, {**event, "source": "v"}))
    return [(ms, encode({**event, "time": iso(ms)})) for ms, event in out]


def world(seed: int) -> tuple[int, list[tuple[int, bytes]]]:
    """Returns how long a world lasts in ms, and its records."""
    r = random.Random(seed)
    span = r.choice([HOUR, 23 * HOUR, 23 * HOUR, 100 * HOUR])
    records = []
    for i in range(r.choice([1, 1, 5])):
        records += contact(r, f"c{i}", T0 + r.randrange(span), span)
    return span, records
