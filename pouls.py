"""The command line of Pouls: where the parts are put together, and the environment is read.

Each command imports what it needs when it runs: a report needs neither Kafka nor a web server.
Exit codes: 0 done, 1 something was wrong with the input or the world, 2 a mistake of the caller.
"""

# ruff: noqa: PLC0415  imports inside the commands: see above

import asyncio
import datetime as dt
import json
import os
import sys
from collections.abc import Iterator, Sequence
from itertools import starmap
from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from alerting.commands import Feed, Tools, commands
from streams import inputs
from streams.core.buckets import Zone
from streams.core.errors import BadName, PoulsError
from streams.inputs import NotReadable, Refusals
from streams.settings import (
    ListenRefused,
    Settings,
    SettingsErrors,
    load_settings,
    refuse_strangers,
)

DONE, WRONG, MISTAKE = 0, 1, 2
CALLERS: Final = (BadName, SettingsErrors, ListenRefused, NotReadable)
"""Errors that the caller can put right."""

app = typer.Typer(
    help="The pulse of a customer-service operation while it happens.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
Config = Annotated[Path | None, typer.Option("--config", help="A file instead of POULS_CONFIG's.")]
Insecure = Annotated[
    bool, typer.Option("--insecure", help="Listen where others can reach it, without sign-in.")
]
File = Annotated[str | None, typer.Argument(help="- is standard input; gzip is decompressed.")]
Format = Annotated[str | None, typer.Option("--format", help="The format of FILE.")]
More = Annotated[list[str] | None, typer.Option("--input", metavar="F:FILE", help="Repeatable.")]
AsIs = Annotated[bool, typer.Option("--as-is", help="In the order of the file, not of time.")]
Speed = Annotated[str, typer.Option(help="max, real, or so many times as fast: 60x.")]


def main(argv: Sequence[str] | None = None) -> None:
    """Runs one command and exits."""
    try:
        app(argv)
    except PoulsError as exc:
        complain(str(exc))
        sys.exit(MISTAKE if isinstance(exc, CALLERS) else WRONG)


def complain(text: str) -> None:
    """Says something on standard error."""
    typer.echo(text, err=True)


def settings_of(config: Path | None) -> Settings:
    """Returns the settings of this process."""
    return load_settings(os.environ, config)


def speed_of(text: str) -> float | None:
    """Returns how many times as fast as it happened; `None` = as fast as possible."""
    from streams.pacing import parse_speed

    try:
        return parse_speed(text)
    except ValueError as exc:
        raise BadName(str(exc)) from exc


@app.command()
def demo(
    broker: Annotated[str, typer.Option(help="embedded, apache or HOST:PORT.")] = "embedded",
    port: Annotated[int | None, typer.Option(help="Of the wall. Default: 8080, if free.")] = None,
    seed: Annotated[int, typer.Option(help="Another seed, another day.")] = 1,
    scenario: Annotated[str, typer.Option(help="normal, rush, recall or incident.")] = "normal",
    timezone: Annotated[str | None, typer.Option(help="Default: this machine's.")] = None,
) -> None:
    """Run everything on this machine, with a simulated operation."""
    from streams.demo import Options, run_demo

    options = Options(broker=broker, port=port, seed=seed, scenario=scenario, zone=timezone)
    raise typer.Exit(run_demo(options, os.environ, typer.echo))


@app.command()
def worker(
    *,
    config: Config = None,
    insecure: Insecure = False,
    embedded: Annotated[bool, typer.Option("--embedded", hidden=True)] = False,
) -> None:
    """Fold events from Kafka into Redis."""
    from streams.app import Options, run_worker

    settings = settings_of(config)
    refuse_strangers_to_metrics(settings, insecure)
    # The embedded broker lets a new member wait for half its session timeout.
    options = Options(check_log=False, session_timeout_s=3, heartbeat_s=0.5)
    raise typer.Exit(run_worker(settings, options if embedded else Options()))


@app.command()
def api(*, config: Config = None, insecure: Insecure = False) -> None:
    """Serve the wall, REST and WebSocket."""
    from alerting.routes import extension
    from api.app import run

    settings = settings_of(config)
    refuse_strangers("POULS_LISTEN", settings.listen, insecure=insecure)
    raise typer.Exit(run(settings, extensions=[extension(settings, os.environ)]))


@app.command()
def topics(config: Config = None) -> None:
    """Create the topics, and tell what the broker has otherwise."""
    from kafka.errors import KafkaError

    from streams.topics import create_topics

    settings = settings_of(config)
    try:
        said = create_topics(settings)
    except KafkaError as exc:
        raise PoulsError(f"Kafka at {settings.kafka} does not answer: {exc}") from exc
    typer.echo("\n".join(said))


@app.command()
def check(config: Config = None) -> None:
    """Check the settings, and tell what a change of them will cause."""
    from streams.checking import outlook, strangers

    settings = settings_of(config)
    typer.echo(f"The settings are right. Their hash is {settings.settings_hash}.")
    for sentence in strangers(settings):
        typer.echo(sentence)
    found = asyncio.run(outlook(settings))
    typer.echo(found.sentence)
    raise typer.Exit(WRONG if found.stops else DONE)


@app.command()
def report(
    *,
    file: File = None,
    form: Format = None,
    more: More = None,
    by: Annotated[str | None, typer.Option(help="day, interval or Nm: all buckets.")] = None,
    window: Annotated[str | None, typer.Option(help="30m, today, live …: one reading.")] = None,
    segment: Annotated[list[str] | None, typer.Option(help="site, queue:x, queue:* …")] = None,
    kpi: Annotated[list[str] | None, typer.Option(help="Ids by comma. Default: all.")] = None,
    at: Annotated[str | None, typer.Option(help="Only events up to this time.")] = None,
    timezone: Annotated[str | None, typer.Option(help="Whose days.")] = None,
    output: Annotated[Literal["csv", "json", "table"], typer.Option()] = "csv",
    extra: Annotated[list[str] | None, typer.Option("--with", help="n, status.")] = None,
    as_is: AsIs = False,
    config: Config = None,
) -> None:
    """Fold files without Kafka and Redis, and print the readings."""
    from streams.report import report
    from streams.report_options import Options, ask_of
    from streams.report_text import OUTPUTS, remarks

    settings, named = settings_of(config), inputs.named(file, form, more or ())
    options = Options(by, window, segment or (), kpi or (), at, extra or (), timezone, as_is)
    ask, refusals = ask_of(named, options, settings), Refusals(complain)
    if (timezone or settings.timezone) is None:
        complain(f"timezone: {ask.zone}, for none is given")
    found = report(ask, refusals)
    for remark in remarks(found):
        complain(remark)
    typer.echo(OUTPUTS[output](found), nl=False)
    raise typer.Exit(WRONG if refusals.end() else DONE)


@app.command()
def replay(
    *,
    file: File = None,
    form: Format = None,
    more: More = None,
    speed: Speed = "max",
    as_is: AsIs = False,
    config: Config = None,
) -> None:
    """Send the events of files to Kafka."""
    from streams.replay import replay
    from streams.sorting import in_order, sortable

    settings, named = settings_of(config), inputs.named(file, form, more or ())
    times, refusals = speed_of(speed), Refusals(complain)
    zone = settings.fold.timezone
    if settings.timezone is None and any(each.source.local for each in named):
        complain(f"timezone: {zone}, for none is given")
    events = inputs.Inputs(named, refusals, inputs.run_in(zone)).events()
    in_time = events if as_is else in_order(starmap(sortable, events))
    sent = replay((event[-1] for event in in_time), settings, speed=times)
    complain(f"{sent.read} events read, {sent.acknowledged} records acknowledged")
    raise typer.Exit(WRONG if refusals.end() else DONE)


@app.command()
def simulate(
    *,
    seed: Annotated[int, typer.Option(help="The same seed gives the same events.")] = 1,
    start: Annotated[str | None, typer.Option(help="A time. Default: yesterday.")] = None,
    days: Annotated[float, typer.Option(help="For how many days.", min=0)] = 1.0,
    scenario: Annotated[str, typer.Option(help="normal, rush, recall or incident.")] = "normal",
    timezone: Annotated[str, typer.Option(help="Of the operation.")] = "Europe/Paris",
    size: Annotated[float, typer.Option(help="So many times as many contacts.", min=0.01)] = 1.0,
    late: Annotated[float, typer.Option(help="Seconds late, on average.", min=0)] = 0.0,
    speed: Speed = "max",
) -> None:
    """Write the events of a simulated operation to standard output."""
    from streams.pacing import Pace, in_step
    from streams.report_options import moment, zone_named
    from streams.simulator import SCENARIOS, simulate

    if scenario not in SCENARIOS:
        raise BadName(f"scenario {scenario!r}: there are {', '.join(SCENARIOS)}")
    zone, times = zone_named(timezone), speed_of(speed)
    yesterday = dt.datetime.now(zone.info).date() - dt.timedelta(days=1)
    begin, duration = moment(start or yesterday.isoformat(), zone), dt.timedelta(days=days)
    events = simulate(
        seed, begin, duration, scenario=scenario, zone=zone.name, size=size, late_s=late
    )
    for event in events if times is None else in_step(events, Pace(times)):
        sys.stdout.buffer.write(event.value + b"\n")
        if times is not None:
            sys.stdout.buffer.flush()


@app.command()
def kpis(
    *,
    output: Annotated[Literal["table", "json"], typer.Option()] = "table",
    lang: Annotated[Literal["en", "fr"], typer.Option()] = "en",
) -> None:
    """List the KPIs."""
    from api.catalog import documents
    from streams.core.kpis import KPIS

    if output == "json":
        typer.echo(documents()[lang].body.decode())
        return
    for kpi in KPIS.values():
        name, says = (getattr(text, lang) for text in (kpi.name, kpi.definition))
        typer.echo(f"{kpi.id:<25}{name} ({kpi.unit}, {kpi.direction})\n{'':<25}{says}")


@app.command()
def schema(
    of: Annotated[Literal["events", "config"], typer.Argument(help="Of what.")] = "events",
) -> None:
    """Print a JSON Schema: of events, or of pouls.toml."""
    from streams.schema import schema as schema_of

    typer.echo(json.dumps(schema_of(of), indent=2, ensure_ascii=False))


def feed_of(files: Sequence[str], timezone: str | None, settings: Settings) -> Feed:
    """Returns the events of files in the order of time, each with the topic it belongs to."""
    from streams.core.events import AHEAD_MS, EARLIEST_MS
    from streams.report_options import Options, zone_named, zone_of
    from streams.routing import Router
    from streams.sorting import in_order, sortable

    named = [inputs.parse(file) for file in files]
    zone = zone_named(zone_of(named, Options(timezone=timezone), settings)).name
    run, refusals = inputs.run_in(zone), Refusals(complain)
    lines = inputs.Inputs(named, refusals, run)
    router = Router(settings.event_topics, dict.fromkeys(settings.event_topics, 1))

    def events() -> Iterator[tuple[int, str, bytes]]:
        for at_ms, *_, line, value in in_order(starmap(sortable, lines.events())):
            if not EARLIEST_MS <= at_ms <= run.now_ms + AHEAD_MS:
                refusals(lines.where(line), "no event, or none of a time that is accepted")
                continue
            for place in router.route(value).places:
                yield at_ms, place.topic, value

    return Feed(zone, events(), refusals.end)


def moment_of(text: str, zone: Zone) -> int:
    """Returns the instant that a text means, in ms."""
    from streams.core.events import millis
    from streams.report_options import moment

    return millis(moment(text, zone))


def refuse_strangers_to_metrics(settings: Settings, insecure: bool) -> None:
    """Refuses metrics that others can reach, unless somebody insists."""
    refuse_strangers("POULS_METRICS_LISTEN", settings.metrics_listen, insecure=insecure)


tools = Tools(os.environ, settings_of, refuse_strangers_to_metrics, feed_of, moment_of)
app.add_typer(commands(tools), name="alerts")


if __name__ == "__main__":
    main()
