"""Everything on one machine with one command: servers, processes, and an operation that lives.

The processes are those of production, started as an operator would start them; only Kafka and
Redis are the embedded ones. The day so far is sent at once, the rest in its time. Alerts run faster
than in earnest, so that a newcomer sees one from its beginning to its end; who would be told is
printed here.
"""

import asyncio
import datetime as dt
import shutil
import signal
import sys
import tempfile
import zoneinfo
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import msgspec
from kafka.errors import KafkaError

from streams import embedded
from streams.children import Child, Children
from streams.core.errors import BadName, PoulsError
from streams.core.events import millis
from streams.pacing import Pace
from streams.replay import send
from streams.settings import Settings, load_settings
from streams.simulator import SCENARIOS, simulate
from streams.told import RULES as WHO_IS_TOLD
from streams.told import Told
from streams.topics import create_topics

EMBEDDED: Final = "embedded"
APACHE: Final = "apache"
PORT: Final = 8080
ELSEWHERE: Final = "Europe/Paris"
"""Where the operation is when the machine does not say where it is itself."""
LOOK_S: Final = 0.25
KAFKA: Final = Path(__file__).parents[1] / "deploy" / "kafka" / "broker.py"
POULS: Final = (sys.executable, "-m", "pouls")
CONFIG: Final = """\
timezone = "{zone}"
segments = ["channel", "queue", "team", "agent", "pause", "product", "reason"]
[queues."tickets SAV"]
answer_within_s = 86400
[queues."réclamations"]
answer_within_s = 86400
[alerts]
rules = ["pack", "{rules}"]
time_scale = {scale}
lang = "en"
"""
SCALE: Final = 0.1
"""So many times as long as in earnest is everything that alerts wait for."""
RULES: Final = "who-is-told.yaml"
METRICS: Final = "POULS_METRICS_LISTEN"
"""One process can listen there: the worker."""
HINTS: Final = {
    "incident": "In the queue `garantie` nobody has been answered for minutes: an alert is near.\n"
    "Take it on at the top of the wall, or see who is told next. In two minutes it is over."
}
"""What to look for, by scenario."""


class DemoFailed(PoulsError):
    """The demo cannot be run on this machine; the text says why."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line says."""

    broker: str = EMBEDDED
    """`embedded`, `apache` (of deploy/kafka), or HOST:PORT of another."""
    port: int | None = None
    """The wall's; `None` = 8080 if it is free, else any."""
    seed: int = 1
    scenario: str = "normal"
    zone: str | None = None
    """Of the operation's day; `None` = the machine's."""


def run_demo(
    options: Options, environ: Mapping[str, str], say: Callable[[str], None] = print
) -> int:
    """Runs the demo until SIGINT or SIGTERM.

    Args:
        options: what to run.
        environ: the environment; children get it with the addresses set.
        say: told where the wall is, and what failed.

    Returns:
        The exit code: 0 ended as asked, 1 something failed; then the logs stay.

    Raises:
        BadName: nobody knows the scenario.
    """
    if options.scenario not in SCENARIOS:
        raise BadName(f"scenario {options.scenario!r}: there are {', '.join(SCENARIOS)}")
    directory = Path(tempfile.mkdtemp(prefix="pouls-demo-"))
    try:
        with Children(directory) as children:
            asyncio.run(Demo(options, environ, say, directory, children).run())
    except PoulsError as exc:
        say(f"The demo ended: {exc}\nAll logs are in {directory}")
        return 1
    shutil.rmtree(directory)
    return 0


def machine_zone(localtime: Path = Path("/etc/localtime")) -> str:
    """Returns the time zone of this machine by its name; one without a place gives `ELSEWHERE`."""
    _, _, name = str(localtime.resolve()).partition("zoneinfo/")
    placed = "/" in name and not name.startswith("Etc/")
    return name if placed and name in zoneinfo.available_timezones() else ELSEWHERE


class Demo:
    """A demo under way."""

    def __init__(
        self,
        options: Options,
        environ: Mapping[str, str],
        say: Callable[[str], None],
        directory: Path,
        children: Children,
    ) -> None:
        self._options, self._say = options, say
        self._directory, self._children = directory, children
        self._zone = options.zone or machine_zone()
        self._told = Told(say)
        self._environ = self._addresses(environ)
        self._settings = load_settings(self._environ)
        now = dt.datetime.now(dt.UTC)
        self._pace = Pace(1.0, millis(now))
        self._events = simulate(
            options.seed, now, scenario=options.scenario, warm_start=True, zone=self._zone
        )

    async def run(self) -> None:
        """Starts everything and returns when a signal says so.

        Raises:
            PoulsError: something does not start, or has ended.
        """
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        with _on_signals(lambda: loop.call_soon_threadsafe(ended.set)), closing(self._told):
            await self._until(ended)

    async def _until(self, ended: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        lives = (self._live(), self._watch(), ended.wait())
        tasks: list[asyncio.Task[object]] = [loop.create_task(life) for life in lives]
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()

    async def _live(self) -> None:
        """Starts servers, then processes, and lets the operation live."""
        await self._start_servers()
        await asyncio.to_thread(_create_topics, self._settings)
        self._start("worker", "--embedded" if self._options.broker == EMBEDDED else "")
        wall = self._start("api")
        self._start("alerts")
        values = (event.value for event in self._events)
        await asyncio.gather(send(values, self._settings, pace=self._pace), self._announce(wall))

    async def _watch(self) -> None:
        while not (failed := self._children.failed):  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(LOOK_S)
        raise failed

    # -- processes

    def _addresses(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Returns the environment of all processes, with places for what there is none of."""
        own = self._options.broker in {EMBEDDED, APACHE}
        port = self._options.port or (PORT if embedded.is_free(PORT) else embedded.free_port())
        config = self._directory / "pouls.toml"
        config.write_text(CONFIG.format(zone=self._zone, rules=RULES, scale=SCALE), "utf-8")
        (self._directory / RULES).write_text(WHO_IS_TOLD, "utf-8")
        host = embedded.HOST
        return {
            "POULS_CONFIG": str(config),
            **environ,
            **self._told.environ,
            "POULS_KAFKA": f"{host}:{embedded.free_port()}" if own else self._options.broker,
            "POULS_REDIS": f"redis://{host}:{embedded.free_port()}/0",
            "POULS_LISTEN": f"{host}:{port}",
        }

    async def _start_servers(self) -> None:
        redis_port, kafka_port = map(_port, (self._settings.redis, self._settings.kafka))
        redis = embedded.start_redis(self._children, redis_port, self._directory)
        match self._options.broker:
            case "embedded":
                kafka = embedded.start_broker(self._children, kafka_port)
                await embedded.listening(kafka, kafka_port)
            case "apache":
                await embedded.listening(self._start_apache(kafka_port), kafka_port)
            case _:  # somebody else's
                pass
        await embedded.listening(redis, redis_port)

    def _start_apache(self, port: int) -> Child:
        if not KAFKA.exists():
            raise DemoFailed(f"Apache Kafka is started by {KAFKA}: that is in a checkout only.")
        where = ("--dir", self._directory / "kafka", "--port", str(port))
        return self._children.start("kafka", (sys.executable, KAFKA, *where))

    def _start(self, command: str, *options: str) -> Child:
        environ = self._environ
        if command == "alerts":
            environ = {name: value for name, value in environ.items() if name != METRICS}
        return self._children.start(command, [*POULS, command, *filter(None, options)], environ)

    async def _announce(self, wall: Child) -> None:
        await embedded.listening(wall, _port(self._settings.listen))
        self._say(
            f"The wall is at  http://{self._settings.listen}/\n"
            f"Kafka is at     {self._settings.kafka} ({self._options.broker})\n"
            f"Redis is at     {self._settings.redis}\n"
            f"Logs are in     {self._directory}\n"
            f"{self._alerts()}\n"
            "Ctrl-C ends everything."
        )

    def _alerts(self) -> str:
        """Says how alerts run here, and what to look for."""
        scale = self._settings.alerts.time_scale
        pace = f"{1 / scale:g} times as fast as in earnest (time_scale = {scale:g})"
        return "\n".join(
            (
                f"Alerts run {pace}, and who would be told is printed here."
                if scale != 1
                else "Who would be told of alerts is printed here, where the rules say so.",
                *filter(None, [HINTS.get(self._options.scenario)]),
            )
        )


@contextmanager
def _on_signals(act: Callable[[], object]) -> Iterator[None]:
    """Acts on SIGINT and SIGTERM; asyncio's own way is not there on every system."""
    before = {n: signal.signal(n, lambda *_: act()) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _port(address: str) -> int:
    """Returns the port of HOST:PORT or of a URL of one."""
    return int(address.removesuffix("/0").rpartition(":")[2])


def _create_topics(settings: Settings) -> None:
    try:
        create_topics(settings)
    except KafkaError as exc:
        raise DemoFailed(f"Kafka at {settings.kafka} does not answer: {exc}") from exc
