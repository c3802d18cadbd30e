"""One set of rule files, ready to be used: rules, who is told, who is on call.

Loaded whole, so that a file with a mistake changes nothing: whoever loads keeps the set before.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

from alerting import shown
from alerting.core.audit import audit
from alerting.core.investigations import Book
from alerting.core.observe import Evaluator
from alerting.core.plan import Planner
from alerting.core.routes import Routing
from alerting.core.rules import Rule
from alerting.deciding import Parts
from alerting.investigating import announcement
from alerting.meaning import Context
from alerting.rota import Rota
from alerting.rotafile import load_rota
from alerting.rulefile import PACK, Loaded, load_rules
from alerting.scale import scaled, scaled_routing
from streams.core.buckets import Zone
from streams.core.errors import BadName
from streams.settings import PACK as SHIPPED
from streams.settings import Settings

Stamp = tuple[int, int] | None


class Ruleset(NamedTuple):
    """What rule files say, with the durations of the settings."""

    rules: Mapping[str, Rule]
    """By id."""
    routing: Routing
    rotas: Mapping[str, Rota]
    """Duty → who holds it when."""
    unheard: tuple[str, ...]
    """A line for each rule of whose alerts nobody is told."""
    files: tuple[Path, ...]
    """All that it was read from."""


def paths_of(settings: Settings) -> list[Path]:
    """Returns the rule files that settings name."""
    return [PACK if name == SHIPPED else Path(name) for name in settings.alerts.rules]


def context_of(settings: Settings) -> Context:
    """Returns what rules may refer to."""
    topics = frozenset(settings.event_topics)
    people = None if settings.roster is None else frozenset(settings.roster.people)
    return Context(settings.fold, settings.reading, settings.calendars, topics, people)


def load(settings: Settings, environ: Mapping[str, str], now_ms: int) -> Ruleset:
    """Returns what the rule files of the settings say.

    Args:
        settings: Of the process.
        environ: The variables that addresses of channels may name.
        now_ms: From when on rotas are tried.

    Raises:
        SettingsErrors: every mistake in rule files, or in calendars of rotas.
        BadName: a file names a rota, and nobody says who there is.
    """
    loaded = load_rules(paths_of(settings), context_of(settings), environ)
    scale = settings.alerts.time_scale
    return Ruleset(
        rules={rule.id: scaled(rule, scale) for rule in loaded.rules},
        routing=scaled_routing(loaded.routing, scale),
        rotas={name: rota for name, (rota, _) in rotas_of(loaded, settings, now_ms).items()},
        unheard=tuple(loaded.unheard),
        files=(*loaded.files, *(path for *_, paths in _schedules(loaded) for path in paths)),
    )


def rotas_of(loaded: Loaded, settings: Settings, now_ms: int) -> dict[str, tuple[Rota, str | None]]:
    """Returns the rotas that rule files name, and the calendars that they must cover.

    Raises:
        SettingsErrors: every mistake in one of them.
        BadName: nobody says who there is.
    """
    found = {}
    for name, schedule, paths in _schedules(loaded):
        if settings.roster is None:
            raise BadName(f"schedules.{name}: nobody is known; name people.csv in pouls.toml")
        rota = load_rota(paths[0], settings.roster, settings.fold.timezone, now_ms, *paths[1:])
        found[name] = rota, schedule
    return found


def stamps(files: Iterable[Path]) -> dict[Path, Stamp]:
    """Returns when files were last written, and how long they are; `None` = there is none."""
    return {path: _stamp(path) for path in files}


def parts(ruleset: Ruleset, settings: Settings) -> Parts:
    """Returns what decides by a set."""
    rules, calendars = ruleset.rules, settings.calendars
    people = frozenset(settings.roster.people if settings.roster else ())
    return Parts(
        rules=rules,
        look=Evaluator(rules.values(), calendars).tick,
        planner=Planner(ruleset.routing, rules, Zone(settings.fold.timezone)),
        audit=lambda groups, instances, clock_ms: audit(
            groups, instances, ruleset.routing, clock_ms
        ),
        show=partial(
            shown.make,
            rules=rules,
            time_scale=settings.alerts.time_scale,
            currency=settings.reading.prices.currency,
        ),
        book=Book(rules, calendars),
        announce=lambda overdue, clock_ms: announcement(overdue, people, clock_ms),
    )


def _schedules(loaded: Loaded) -> Iterator[tuple[str, str | None, list[Path]]]:
    """Yields the duties that have a rota: name, calendar to cover, files."""
    for path, file in loaded.files.items():
        for name, schedule in file.schedules.items():
            texts = [text for text in (schedule.ical, schedule.overrides) if text is not None]
            yield name, schedule.calendar, [path.parent / text for text in texts]


def _stamp(path: Path) -> Stamp:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
