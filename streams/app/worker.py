"""The worker process: starts the Faust app when Kafka and Redis are there, ends it in order.

mode's own worker would print a banner and take over the logs, and Faust may hang while it stops
(robinhood/faust #301, #484): so the app is started from here, and a watchdog ends the process when
stopping takes too long.
"""

import asyncio
import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from aiokafka.errors import KafkaError as BrokerError
from kafka.errors import KafkaError

from streams import logs
from streams.app.faust_app import App, Options, create_app
from streams.deadletters import KafkaDeadLetters
from streams.pipeline import Pipeline, Stopped
from streams.retry import until_answered
from streams.settings import Settings
from streams.store import Store, StoreAway
from streams.telemetry import Telemetry, Vitals, serve
from streams.topics import check_topics

STOP_S: Final = 20.0
"""Longest way from SIGTERM to the end of the process."""
COLLECT: Final = (200_000, 20, 100)
"""Thresholds of the garbage collector: a ledger is large, lives long and has no cycles; looking at
all of it as often as Python does by itself took a sixth of the time (measured)."""
SWITCH_S: Final = 0.0002
"""How long the fetching thread waits for the folding one; Python's 5 ms would delay each piece of
an answer by as much (measured: 3 to 5 % of the throughput)."""
OK, FAILED, BUG = 0, 1, 70
"""Exit codes: ended in order; something people must put right; our own mistake."""

log = logging.getLogger("pouls.worker")


_DEFAULT: Final = Options()


class Worker:
    """One worker process."""

    def __init__(self, settings: Settings, options: Options, on_ending: Callable[[], None]) -> None:
        """`on_ending` is called when the end begins; it may hang (see above)."""
        self.settings, self.options, self._on_ending = settings, options, on_ending
        self.telemetry = Telemetry()
        self._store = Store(settings.redis)
        self._dead_letters = KafkaDeadLetters(settings.kafka)
        self.vitals = Vitals(self.telemetry.registry, self._unready)
        self._ending = asyncio.Event()
        self._failure: BaseException | None = None
        self._app: App | None = None
        self._pipeline: Pipeline | None = None

    def _fail(self, failure: BaseException) -> None:
        self._failure = self._failure or failure
        self._ending.set()

    def _unready(self) -> str:
        waiting = "waiting for Kafka and Redis"
        return self.telemetry.degraded or (self._pipeline.unready if self._pipeline else waiting)

    async def run(self) -> int:
        """Works until a signal or a failure; returns the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ending.set)
        ticking, working = asyncio.create_task(self._tick()), asyncio.create_task(self._work())
        working.add_done_callback(self._worked)
        await self._ending.wait()
        self._on_ending()
        log.info("stopping")
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        try:
            await self._end()
        except Exception:
            log.exception("did not end in order")
        ticking.cancel()
        return self._verdict()

    async def _tick(self) -> None:
        while True:
            self.vitals.beat()
            await asyncio.sleep(1)

    def _worked(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (failure := task.exception()):
            self._fail(failure)

    async def _work(self) -> None:
        await self._wait_for_kafka()
        complaints = await until_answered("Redis", self._store.complaints, (StoreAway,))
        if complaints:
            raise Stopped(". ".join(complaints))
        self._app = app = create_app(self.settings, self.options)
        self._pipeline = app.feed = self._new_pipeline(app)
        self._pipeline.start()
        await app.start()
        log.info("started", extra={"group": self.settings.group})
        await app.gave_up.wait()
        raise app.crash_reason or RuntimeError("Faust crashed")

    def _new_pipeline(self, app: App) -> Pipeline:
        return Pipeline(
            self.settings,
            app.kafka,
            self._store,
            self._dead_letters,
            self.telemetry,
            self._fail,
            check_log=self.options.check_log,
        )

    async def _wait_for_kafka(self) -> None:
        """Returns when Kafka answers and has the topics as they are configured.

        Raises:
            Stopped: it has other topics.
        """

        async def ask() -> list[str]:
            return await asyncio.to_thread(check_topics, self.settings)

        trouble = await until_answered(f"Kafka at {self.settings.kafka}", ask, (KafkaError,))
        if trouble:
            raise Stopped(" ".join(trouble))

    async def _end(self) -> None:
        """Stores what is folded, leaves the group, disconnects."""
        if self._pipeline is not None:
            await self._pipeline.close()
        if self._app is not None:
            await self._app.stop()
        with suppress(BrokerError):
            await self._dead_letters.close()
        await self._store.close()

    def _verdict(self) -> int:
        match self._failure:
            case None:
                log.info("stopped")
                return OK
            case Stopped() | BrokerError():
                log.error("%s", self._failure)
                return FAILED
            case failure:
                log.critical("our own mistake ended the worker", exc_info=failure)
                return BUG


def _end_by_force() -> None:
    """Ends the process if it has not ended by itself in time."""

    def end() -> None:
        log.error("stopping took more than %.0f s, ending by force", STOP_S)
        os._exit(FAILED)

    timer = threading.Timer(STOP_S, end)
    timer.daemon = True
    timer.start()


def run_worker(settings: Settings, options: Options = _DEFAULT) -> int:
    """Works until SIGTERM, SIGINT or a failure. The process must end after it.

    Returns:
        The exit code: 0 ended in order, 1 something people must put right, 70 our own mistake.
    """
    logs.configure()
    gc.freeze()
    gc.set_threshold(*COLLECT)
    sys.setswitchinterval(SWITCH_S)

    async def run() -> int:
        worker = Worker(settings, options, _end_by_force)
        try:
            if settings.metrics_listen:
                serve(settings.metrics_listen, worker.vitals)
        except OSError as exc:
            log.error("cannot serve metrics on %s: %s", settings.metrics_listen, exc)  # noqa: TRY400
            return FAILED
        return await worker.run()

    return asyncio.run(run())
