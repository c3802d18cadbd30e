"""`pouls alerts`: one of the replicas of which one decides, and all send.

Every second a tick takes in the numbers and asks the leader to go on; whether this process leads
is for the store to say. What people did is read beside that, messages are sent beside that, and
rule files are watched: nothing of it holds up a tick. Kafka, Redis or a receiver away is waited
out. A mistake of our own ends the process loudly, and another replica goes on.
"""

import asyncio
import gc
import logging
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import suppress
from typing import Any, Final

import msgspec
from prometheus_client import CollectorRegistry

from alerting import ruleset
from alerting.acts import ActReader, ActWriter
from alerting.core.rules import Rule
from alerting.expanding import expanded
from alerting.heartbeat import Heartbeat
from alerting.inbox import Inbox
from alerting.leader import Leader
from alerting.leading import TICK_S, Leading
from alerting.metrics import AlertMetrics
from alerting.numbers import Numbers
from alerting.recording import Recording
from alerting.reloading import Reloading
from alerting.ruleset import Ruleset
from alerting.senders import Senders
from alerting.store import AlertStore, StoreAway
from streams import logs
from streams.core.errors import PoulsError
from streams.settings import Settings, sources
from streams.store import Store, ended
from streams.telemetry import Vitals, serve

HEARTBEAT_S: Final = 30.0
STOP_S: Final = 20.0
"""Longest way from a signal to the end of the process; senders have 10 s of it."""
BEAT_S: Final = 1.0
COLLECT: Final = (200_000, 20, 100)
"""Thresholds of the garbage collector, as a worker has them: a board is large, lives long, has no
cycles; looking at all of it as often as Python does by itself cost a quarter of a tick."""
OK, FAILED, BUG = 0, 1, 70
"""Exit codes: ended in order; something people must put right; our own mistake."""

log = logging.getLogger("pouls.alerts")


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How the process behaves: tests are in more of a hurry."""

    tick_s: float = TICK_S
    """Seconds between two ticks."""
    heartbeat_s: float = HEARTBEAT_S
    """Seconds between two heartbeats."""


_DEFAULT: Final = Options()


def wall_ms() -> int:
    """Returns the time of this machine."""
    return time.time_ns() // 1_000_000


class Service:
    """One process.

    Args:
        settings: Of the process.
        environ: Its environment: variables of addresses, what signs links.
        rules: What the rule files say.
        names: All sources.
        registry: Where metrics are counted.
        options: How it behaves.
    """

    def __init__(
        self,
        settings: Settings,
        environ: Mapping[str, str],
        rules: Ruleset,
        names: list[str],
        registry: CollectorRegistry,
        options: Options = _DEFAULT,
    ) -> None:
        owner = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self.metrics = metrics = AlertMetrics(registry)
        self._settings, self._rules = settings, rules
        self._store, self._readings = AlertStore(settings.redis), Store(settings.redis)
        self._numbers = Numbers(settings, names, self._readings)
        self._reader, self._writer = ActReader(settings.kafka), ActWriter(settings.kafka)
        self._inbox = Inbox(self._reader)
        self._leader = Leader(self._store, owner, ruleset.parts(rules, settings))
        self.leading = Leading(
            self._numbers, self._leader, self._inbox, self._writer, metrics, options.tick_s
        )
        self._recording = Recording(self._leader, self._writer)
        self._senders = Senders(settings, environ, self._store, metrics, owner, wall_ms)
        self._senders.use(rules)
        self._reloading = Reloading(settings, environ, rules, self._use, metrics, wall_ms)
        self.vitals = Vitals(registry, lambda: self.leading.trouble)
        self._heartbeat = self._beating(environ, options.heartbeat_s)
        self._ending = asyncio.Event()
        self._failure: BaseException | None = None

    async def run(self, on_ending: Callable[[], None]) -> int:
        """Works until a signal or a failure; returns the exit code.

        Args:
            on_ending: Called when the end begins; it may hang.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ending.set)
        loop.add_signal_handler(signal.SIGHUP, self._reloading.now)
        lives: dict[str, Coroutine[Any, Any, None]] = {
            "the feed": self._numbers.follow(),
            "the past": self._numbers.remember(self._all_rules),
            "acts": self._inbox.run(),
            "the note": self.leading.note(),
            "investigations": self._recording.run(),
            "rule files": self._reloading.run(),
            "the pulse": self._beat(),
        }
        if self._heartbeat is not None:
            lives["the heartbeat"] = self._heartbeat.run()
        ticking, sending = (
            self._begin("ticks", self.leading.run()),
            self._begin("senders", self._senders.run()),
        )
        others = [self._begin(name, life) for name, life in lives.items()]
        log.info("started", extra={"rules": len(self._rules.rules)})
        await self._ending.wait()
        on_ending()
        log.info("stopping")
        await ended([ticking])
        await self._resign()
        self._senders.end()
        await asyncio.gather(sending, return_exceptions=True)
        await ended(others)
        await self._close()
        return self._verdict()

    def _begin(self, name: str, life: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(life, name=name)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[None]") -> None:
        """Ends the process when something that never ends has ended by itself."""
        if not task.cancelled() and (failure := task.exception()):
            self._failure = self._failure or failure
            self._ending.set()

    def _use(self, rules: Ruleset) -> None:
        """Goes on with other rules; what is held stays, by the rules' ids."""
        self._rules = rules
        self._leader.use(ruleset.parts(rules, self._settings))
        self._senders.use(rules)

    def _all_rules(self) -> Iterable[Rule]:
        return self._rules.rules.values()

    def _beating(self, environ: Mapping[str, str], every_s: float) -> Heartbeat | None:
        if self._settings.alerts.heartbeat is None:
            return None
        url = expanded(self._settings.alerts.heartbeat, environ)
        if url is None:
            raise PoulsError("alerts.heartbeat: the environment lacks a variable that it names")
        return Heartbeat(url, lambda: self.leading.silence, self.metrics, every_s)

    async def _beat(self) -> None:
        while True:
            self.vitals.beat()
            await asyncio.sleep(BEAT_S)

    async def _resign(self) -> None:
        """Lets another lead: it need not wait for the lease to end."""
        with suppress(StoreAway):
            await self._leader.resign()

    async def _close(self) -> None:
        await self._senders.close()
        await self._reader.close()
        await self._writer.close()
        await self._store.close()
        await self._readings.close()

    def _verdict(self) -> int:
        if self._failure is None:
            log.info("stopped")
            return OK
        log.critical("our own mistake ended the process", exc_info=self._failure)
        return BUG


def _end_by_force() -> None:
    """Ends the process if it has not ended by itself in time."""

    def end() -> None:
        log.error("stopping took more than %.0f s, ending by force", STOP_S)
        os._exit(FAILED)

    timer = threading.Timer(STOP_S, end)
    timer.daemon = True
    timer.start()


def run_alerts(settings: Settings, environ: Mapping[str, str], options: Options = _DEFAULT) -> int:
    """Works until SIGTERM, SIGINT or a failure. The process must end after it.

    Args:
        settings: Of the process.
        environ: Its environment.
        options: How it behaves.

    Returns:
        The exit code: 0 ended in order, 1 something people must put right, 70 our own mistake.

    Raises:
        SettingsErrors: every mistake in the rule files.
        BadName: a rule file names a rota, and nobody says who there is.
        PoulsError: a variable of the heartbeat is not set.
    """
    rules = ruleset.load(settings, environ, wall_ms())
    logs.configure()
    gc.freeze()
    gc.set_threshold(*COLLECT)
    for line in rules.unheard:
        log.warning("%s", line)
    if settings.alerts.time_scale != 1:
        log.warning("every duration of the rules is multiplied by %g", settings.alerts.time_scale)

    async def run() -> int:
        names = await asyncio.to_thread(sources.of, settings)
        service = Service(settings, environ, rules, names, CollectorRegistry(), options)
        try:
            if settings.metrics_listen:
                serve(settings.metrics_listen, service.vitals)
        except OSError as exc:
            log.error("cannot serve metrics on %s: %s", settings.metrics_listen, exc)  # noqa: TRY400
            return FAILED
        return await service.run(_end_by_force)

    return asyncio.run(run())
