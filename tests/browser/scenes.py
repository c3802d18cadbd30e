"""Scenes for the fake server: an after-sales operation at half past two."""

import time
from typing import Any, Final

from streams.core.kpis import KPIS
from streams.core.policy import Target

from .fake import Scene

WITHIN: Final = Target(low=0.8, warning_low=0.7)
AT_MOST: Final = Target(high=0.05, warning_high=0.08)
QUEUES: Final = {
    "queue:lave-linge": (252, 9, 0.61, 0.072, 118),
    "queue:garantie": (98, 4, 0.72, 0.048, 86),
    "queue:installation": (41, 2, 0.83, 0.039, 64),
    "queue:chat%2Csav": (22, 3, 0.88, 0.021, 71),
    "queue:facturation": (12, 1, 0.91, 0.014, 52),
    "queue:pro": (None, 0, 0.67, 0.0, 3),
}
"""Queue → longest wait, waiting, service level, abandonment, n."""

ADHERENT: Final = Target(low=0.9, warning_low=0.85)
BUSY: Final = Target(low=0.7, high=0.85, warning_low=0.6, warning_high=0.9)
STATES: Final = ("available", "ringing", "on_contact", "on_hold", "wrap_up", "paused", "unknown")
TEAMS: Final = {
    "team:lyon": (14, 13, 3, 0.93, 0.81, 1, 1),
    "team:brest": (11, 11, 2, 0.96, 0.78, 0, 0),
    "team:nantes": (9, 9, 2, 0.82, 0.94, 0, 2),
    "team:caen": (8, 7, 2, 0.92, 0.79, 1, 0),
}
"""Team → planned, present, available, adherence, occupancy, missing, out of adherence."""


def value(v: float | None, n: int | None = None, st: str = "none", **more: Any) -> dict[str, Any]:
    """Returns a value as messages carry it."""
    rest = {"tgt": None, "since": None, "f": "mean", "rev": False, "prov": True}
    return {"v": v, "n": n, "st": st} | rest | more


def target(of: Target) -> dict[str, Any]:
    """Returns a target as messages carry it."""
    return {name: getattr(of, name) for name in of.__struct_fields__}


def afternoon() -> Scene:
    """One KPI critical, one warning, the others well; one queue with too few contacts."""
    now = time.time()
    site_live = {
        "waiting": value(19, 19, f="live", prov=False),
        "in_progress": value(26, 26, f="live", prov=False),
    }
    site = {
        "service_level": level(0.74, 412),
        "abandonment_rate": rate(0.041, 412),
    }
    today = {
        "offered": value(1240, 1240, f="count"),
        "answered": value(1131, 1131, f="count"),
        "abandoned": value(62, 62, f="count"),
        "flowed_out": value(28, 28, f="count"),
        "answer_rate": value(0.948, 1193, "ok", f="all"),
    }
    topics = {
        "site@live": site_live, "site@30m": site, "site@today": today,
        "channel:voice@live": {"wait_longest": wait(now, 252, 19)},
        "channel:voice@30m": {"wait_mean": value(35.0, 389)},
        "channel:voice@60m": {"handle_time_mean": value(348.2, 803)},
    }  # fmt: skip
    for name, (oldest, waiting, served, lost, n) in QUEUES.items():
        topics[f"{name}@live"] = {
            "wait_longest": wait(now, oldest, waiting),
            "waiting": value(waiting, waiting, f="live", prov=False),
        }
        topics[f"{name}@30m"] = {
            "service_level": level(served, n),
            "abandonment_rate": rate(lost, n),
        }
    parts = {
        "service_level": {"part": 305, "whole": 412},
        "abandonment_rate": {"part": 17, "whole": 412},
    }
    return Scene(topics=topics, readings=parts)


def staffed() -> Scene:
    """The same afternoon where agents' events come: two missing, three out of adherence."""
    scene = afternoon()
    scene.sources = ("calls", "chats", "agents")
    by_state = dict(zip(STATES, (9, 1, 17, 2, 6, 4, 1), strict=True))
    scene.topics["site@live"] |= agents(42, 40, 2, 3) | {
        f"agents_{state}": count(n) for state, n in by_state.items()
    }
    scene.topics["site@30m"] |= {
        "adherence": adherence(0.92, 1180), "occupancy": occupancy(0.81, 1020),
    }  # fmt: skip
    for team, (planned, there, free, adherent, busy, missing, out) in TEAMS.items():
        scene.topics[f"{team}@live"] = agents(planned, there, missing, out) | {
            "agents_available": count(free)
        }
        scene.topics[f"{team}@30m"] = {
            "adherence": adherence(adherent, 30 * planned),
            "occupancy": occupancy(busy, 26 * planned),
        }
    scene.readings |= {
        "adherence": {"part": 65_136_000, "whole": 70_800_000},
        "occupancy": {"part": 49_572_000, "whole": 61_200_000},
    }
    return scene


def agents(planned: int, there: int, missing: int, out: int) -> dict[str, Any]:
    """Returns a plan and what became of it."""
    return {
        "agents_scheduled": count(planned), "agents_staffed": count(there),
        "agents_missing": count(missing), "agents_out_of_adherence": count(out),
    }  # fmt: skip


def count(n: int) -> dict[str, Any]:
    """Returns how many there are now."""
    return value(n, n, f="live", prov=False)


def adherence(share: float, n: int) -> dict[str, Any]:
    """Returns adherence of n minutes against 90 %."""
    return value(share, n, _judge(-share, -0.9, -0.85), tgt=target(ADHERENT), f="ignore")


def occupancy(share: float, n: int) -> dict[str, Any]:
    """Returns occupancy of n minutes against 70 to 85 %."""
    middle, half, wide = 0.775, 0.075, 0.125
    status = _judge(round(abs(share - middle), 9), half, wide)
    return value(share, n, status, tgt=target(BUSY), f="time")


def empty() -> Scene:
    """Nothing has ever happened."""
    scene = afternoon()
    for topic, values in scene.topics.items():
        for kpi in values:
            counted = KPIS[kpi].kind in ("count", "live") and kpi != "wait_longest"
            scene.topics[topic][kpi] = value(
                0 if counted else None, 0, f=next(iter(KPIS[kpi].formulas))
            )
    return scene


def wait(now: float, seconds: float | None, n: int) -> dict[str, Any]:
    """Returns the longest wait, against a minute and two."""
    limits = Target(high=60, warning_high=120)
    status = "none" if seconds is None else _judge(seconds, 60, 120)
    since = None if seconds is None else now - seconds
    return value(seconds, n, status, tgt=target(limits), since=since, f="live", prov=False)


def level(share: float, n: int) -> dict[str, Any]:
    """Returns a service level against 80 %."""
    status = _judge(-share, -0.8, -0.7) if n >= WITHIN.minimum_n else "none"
    return value(share, n, status, tgt=target(WITHIN), f="SL-B")


def rate(share: float, n: int) -> dict[str, Any]:
    """Returns an abandonment rate against 5 %."""
    status = _judge(share, 0.05, 0.08) if n >= AT_MOST.minimum_n else "none"
    return value(share, n, status, tgt=target(AT_MOST), f="all")


def _judge(number: float, good: float, bearable: float) -> str:
    return "ok" if number <= good else "warning" if number <= bearable else "critical"


def alarm(severity: str, title: str, since_s: float, **more: Any) -> dict[str, Any]:
    """Returns an alert as walls get it: of the queue `lave-linge`, unless more is said."""
    rest = {
        "episode": f"rule|queue:lave-linge|{title}", "rule": "longest_wait",
        "segment": "queue:lave-linge", "state": "firing", "data": "ok", "started": 0.0,
        "ended": None, "reason": "", "kpi": "wait_longest", "window": "live", "value": 252.0,
        "n": None, "part": None, "whole": None, "unit": "seconds", "threshold": 180.0,
        "clear": 90.0, "hold": 300.0, "target": 60.0, "formula": "live", "owner": "floor_manager",
        "runbook": "https://example.org/pouls/longest-wait", "reopened": 0, "acked": None,
        "snoozed": None, "suppressed": [], "next": None,
    }  # fmt: skip
    now = time.time()
    titles = {"fr": title, "en": title}
    return rest | {"severity": severity, "title": titles, "since": now - since_s} | more


def alarms(*alerts: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Returns what walls get of alerts."""
    rest = {"as_of": time.time(), "time_scale": 1.0, "quiet": [], "leader": True,
            "investigations": {"open": 0, "overdue": 0}}  # fmt: skip
    return {"shown": rest | {"alerts": list(alerts)} | more}


def alarmed() -> Scene:
    """The staffed afternoon, with an alert that nobody has, one that somebody has, and two more."""
    scene = staffed()
    scene.topics["site@30m"] |= {"adherence": adherence(0.863, 3363)}
    then = {"to": ["duty:operations/page"], "at": time.time() + 300}
    scene.topics["alerts@live"] = alarms(
        alarm("critical", "Un client attend depuis 4 min 12 s dans lave-linge", 95, next=then),
        alarm("critical", "26 % raccrochent dans lave-linge", 610,
              acked={"by": "ana", "at": time.time(), "note": "deux renforts", "until": None}),
        alarm("warning", "Seulement 72 % du temps planifié de nantes est respecté", 1300,
              segment="team:nantes", rule="adherence"),
        alarm("warning", "La qualité de service de lave-linge est perdue", 2000),
    )  # fmt: skip
    return scene
