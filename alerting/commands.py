"""`pouls alerts …`: the process that fires them, and the tools to try rules and addresses before.

What these commands need of the rest of Pouls is handed in by `pouls.py` (`Tools`): alerts know
nothing of files of events.
"""

# ruff: noqa: PLC0415  imports inside the commands: `pouls` must start quickly

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import typer

from streams.core.buckets import Zone
from streams.core.errors import BadName
from streams.settings import Settings

if TYPE_CHECKING:
    from alerting.core.rules import Rule
    from alerting.reaching import Reach
    from alerting.rulefile import Loaded

DONE, WRONG = 0, 1
Config = Annotated[Path | None, typer.Option("--config", help="A file instead of POULS_CONFIG's.")]
Files = Annotated[
    list[Path] | None, typer.Argument(metavar="RULES", help="Default: those of pouls.toml.")
]


class Feed(NamedTuple):
    """The events of files."""

    zone: str
    """Whose days they are."""
    events: Iterator[tuple[int, str, bytes]]
    """Time, topic and value, in the order of time."""
    end: Callable[[], bool]
    """Tells what was refused, and whether anything was."""


class Tools(NamedTuple):
    """What `pouls.py` hands in."""

    environ: Mapping[str, str]
    """What addresses may name."""
    settings: Callable[[Path | None], Settings]
    refuse_strangers: Callable[[Settings, bool], None]
    """Refuses metrics that others can reach, unless somebody insists."""
    feed: Callable[[Sequence[str], str | None, Settings], Feed]
    """Opens files, F:FILE each, in a time zone."""
    moment: Callable[[str, Zone], int]
    """Returns the instant that a text means, in ms."""


def commands(tools: Tools) -> typer.Typer:
    """Returns the commands."""
    app = typer.Typer(help="Fire alerts; check and try rules.", invoke_without_command=True)
    app.callback()(_run(tools))
    app.command("check")(_check(tools))
    app.command("test")(_test(tools))
    app.command("backtest")(_backtest(tools))
    app.command("who-is-on-call")(_who(tools))
    app.command("send-test")(_send_test(tools))
    return app


def complain(text: str) -> None:
    """Says something on standard error."""
    typer.echo(text, err=True)


def _load(files: Sequence[Path] | None, settings: Settings) -> "Loaded":
    from alerting.rulefile import load_rules
    from alerting.ruleset import context_of, paths_of

    return load_rules(files or paths_of(settings), context_of(settings))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _run(tools: Tools) -> Callable[..., None]:
    def run(
        context: typer.Context,
        *,
        config: Config = None,
        insecure: Annotated[
            bool, typer.Option("--insecure", help="Let others reach the metrics.")
        ] = False,
    ) -> None:
        """Fire alerts, when no command is given: one of the replicas, of which one decides."""
        if context.invoked_subcommand is not None:
            return
        from alerting.service import run_alerts

        settings = tools.settings(config)
        tools.refuse_strangers(settings, insecure)
        raise typer.Exit(run_alerts(settings, tools.environ))

    return run


def _check(tools: Tools) -> Callable[..., None]:
    def check(
        *,
        files: Files = None,
        schema: Annotated[
            bool, typer.Option("--schema", help="Print the JSON Schema of rule files instead.")
        ] = False,
        config: Config = None,
    ) -> None:
        """Check rule files: every mistake with its line, gaps of rotas, who cannot be told."""
        from alerting.core.rules import RuleFile

        if schema:
            typer.echo(json.dumps(RuleFile.model_json_schema(), indent=2, ensure_ascii=False))
            return
        settings = tools.settings(config)
        loaded = _load(files, settings)
        found = asyncio.run(_reach(loaded, settings, tools.environ))
        for line in (*_gaps(loaded, settings), *loaded.unheard, *found.lines, *_examples(loaded)):
            typer.echo(line)
        rules = loaded.rules
        idle = sum(not rule.enabled for rule in rules)
        typer.echo(f"{len(rules)} rules are right{f', {idle} not enabled' if idle else ''}.")
        for line in found.lost:
            complain(line)
        raise typer.Exit(WRONG if found.lost else DONE)

    return check


async def _reach(loaded: "Loaded", settings: Settings, environ: Mapping[str, str]) -> "Reach":
    from alerting.delivery import Addresses
    from alerting.notifiers import Notifiers
    from alerting.reaching import reach
    from alerting.ruleset import rotas_of
    from streams.core.roster import Roster

    rotas = {name: rota for name, (rota, _) in rotas_of(loaded, settings, _now_ms()).items()}
    roster, targets = settings.roster or Roster(), settings.alerts.targets
    addresses = Addresses(loaded.routing, rotas, roster, targets, environ)
    notifiers = Notifiers(_now_ms)
    try:
        return reach(loaded.rules, loaded.routing, addresses, notifiers.complaint)
    finally:
        await notifiers.close()


def _examples(loaded: "Loaded") -> Iterator[str]:
    from alerting.rulefile import PACK

    if PACK in loaded.files:
        yield "the runbooks of the shipped rules are examples, which lead nowhere: copy the file"


def _gaps(loaded: "Loaded", settings: Settings) -> Iterator[str]:
    from alerting.rota import gaps_told
    from alerting.ruleset import rotas_of

    for name, (rota, calendar) in rotas_of(loaded, settings, _now_ms()).items():
        hours = settings.calendars[calendar or "always"]
        for line in gaps_told(rota, hours, _now_ms()):
            yield f"schedules.{name}: {line}"


def _test(tools: Tools) -> Callable[..., None]:
    def test(
        *,
        files: Annotated[
            list[Path] | None,
            typer.Argument(metavar="SCENARIOS", help="Files and folders. Default: the pack's."),
        ] = None,
        config: Config = None,
    ) -> None:
        """Show rules what scenario files say, and tell whether they do what is expected."""
        from alerting.rulefile import PACK
        from alerting.scenario import run

        settings = tools.settings(config)

        def rules_of(path: Path) -> "list[Rule]":
            return _load([path], settings).rules

        scenarios = files or [PACK.parent / "scenarios"]
        passed = run(scenarios, typer.echo, rules_of, settings.calendars)
        raise typer.Exit(DONE if passed else WRONG)

    return test


def _backtest(tools: Tools) -> Callable[..., None]:
    def backtest(
        *,
        files: Files = None,
        more: Annotated[list[str], typer.Option("--input", metavar="F:FILE", help="Repeatable.")],
        timezone: Annotated[str | None, typer.Option(help="Whose days.")] = None,
        hours: Annotated[
            str | None, typer.Option(help="Open hours: a calendar of pouls.toml.")
        ] = None,
        every: Annotated[int, typer.Option(help="Seconds between two looks.", min=1)] = 15,
        output: Annotated[Literal["table", "csv", "json"], typer.Option()] = "table",
        config: Config = None,
    ) -> None:
        """Tell how often rules would have fired on the days of a file."""
        from alerting import backtest as past
        from alerting.backtest_text import OUTPUTS, Told
        from streams.settings.check import unknown

        settings = tools.settings(config)
        if hours is not None and hours not in settings.calendars:
            raise BadName(f"hours {hours!r}: {unknown(hours, settings.calendars, 'calendar')}")
        rules = [rule for rule in _load(files, settings).rules if rule.enabled]
        feed = tools.feed(more, timezone, settings)
        operation = past.Operation(
            rules=tuple(rules),
            fold=settings.fold,
            reading=settings.reading,
            zone=feed.zone,
            channels=past.channels_of(settings.topics),
            calendars=settings.calendars,
            roster=settings.roster,
            tick_ms=every * 1000,
        )
        outcome = past.backtest(operation, (past.Timed(*event) for event in feed.events))
        opened = settings.calendars[hours] if hours is not None else None
        told = Told(outcome, [rule.id for rule in rules], Zone(feed.zone), opened)
        typer.echo(OUTPUTS[output](told), nl=False)
        refused = feed.end()
        if outcome.refused:
            complain(f"{outcome.refused} events refused")
        raise typer.Exit(WRONG if refused or outcome.refused else DONE)

    return backtest


def _who(tools: Tools) -> Callable[..., None]:
    def who_is_on_call(
        *,
        files: Files = None,
        at: Annotated[str | None, typer.Option(help="A time. Default: now.")] = None,
        config: Config = None,
    ) -> None:
        """Tell who is on call, until when, and who is next."""
        from alerting.rota import who_is_on_call
        from alerting.ruleset import rotas_of

        settings = tools.settings(config)
        zone = Zone(settings.fold.timezone)
        at_ms = _now_ms() if at is None else tools.moment(at, zone)
        loaded = _load(files, settings)
        rotas = {name: rota for name, (rota, _) in rotas_of(loaded, settings, _now_ms()).items()}
        if not rotas:
            raise BadName("no rule file names a rota, under schedules")
        for line in who_is_on_call(rotas, at_ms, zone):
            typer.echo(line)

    return who_is_on_call


def _send_test(tools: Tools) -> Callable[..., None]:
    def send_test(
        *,
        to: Annotated[
            str | None,
            typer.Option(metavar="WHO", help="duty:x, person:y or channel:z. Default: everybody."),
        ] = None,
        config: Config = None,
    ) -> None:
        """Tell addresses that this is a test, and say of each what happened."""
        from alerting.trying import send_test, trying

        settings = tools.settings(config)
        if to is not None and not trying(to):
            raise BadName(f"{to!r} is none of duty:NAME, person:ID and channel:NAME")
        good = asyncio.run(send_test(settings, tools.environ, to, typer.echo))
        raise typer.Exit(DONE if good else WRONG)

    return send_test
