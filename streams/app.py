"""The worker process: builds the Faust app, starts it when Kafka and Redis are there, ends it.

Faust keeps the consumer group, assignment, agents and flow control. mode's own worker would print
a banner and take over the logs, and Faust may hang while it stops (robinhood/faust #301, #484): so
the app is started from here, and a watchdog ends the process when stopping takes too long.
"""

import asyncio
import gc
import logging
import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, cast

import faust
import msgspec
from aiokafka.errors import KafkaError as BrokerError
from faust.app import BootStrategy
from faust.types import TP, StreamT
from kafka.errors import KafkaError
from mode import CrashingSupervisor
from mode.utils.locks import Event as AnyEvent

from streams import logs
from streams.chunks import Chunk, Feed
from streams.deadletters import KafkaDeadLetters
from streams.pipeline import Pipeline, Stopped
from streams.retry import until_answered
from streams.settings import Settings, Topic
from streams.settings.shapes import DEAD_LETTERS
from streams.store import Store, StoreAway
from streams.telemetry import Telemetry, Vitals, serve
from streams.topics import check_topics
from streams.transport import Consumer  # registers pouls:// where nothing is installed

QUEUE_CHUNKS: Final = 8
"""Chunks that wait for an agent; beyond, Faust pauses their partitions."""
STOP_S: Final = 20.0
"""Longest way from SIGTERM to the end of the process."""
COLLECT: Final = (20_000, 20, 20)
"""Thresholds of the garbage collector: a ledger is large, lives long and has no cycles; looking at
all of it as often as Python does by itself took a sixth of the time (measured)."""
OK, FAILED, BUG = 0, 1, 70
"""Exit codes: ended in order; something people must put right; our own mistake."""

log = logging.getLogger("pouls.worker")


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How a worker behaves towards Kafka."""

    session_timeout_s: float = 10.0
    """After so long without a heartbeat the group gives a worker's partitions to others."""
    heartbeat_s: float = 2.0
    metadata_age_s: float = 30.0
    """How soon a change of the topics is noticed."""
    check_log: bool = True
    """False on the embedded broker, whose log ends are wrong: see `Pipeline`."""


_DEFAULT: Final = Options()


class ChunkCodec(faust.Codec):
    """Passes chunks through; the ledger decodes the values."""

    def _loads(self, s: Any) -> Any:  # noqa: ANN401  Faust's signature
        return s


class Boot(BootStrategy):
    """What Faust starts: nothing is produced by it, nothing served."""

    enable_kafka_producer = False
    enable_web = False


class App(faust.App):
    """A Faust app without directories, and with someone who knows where to go on."""

    BootStrategy = Boot
    feed: Feed

    def _create_directories(self) -> None:
        """Does nothing: no tables, no files."""

    @property
    def crashed_event(self) -> AnyEvent:
        """Set when Faust gives up."""
        return self._crashed


def create_app(settings: Settings, pipeline: Pipeline, options: Options) -> App:
    """Returns the app: one agent for each topic of events, which hands chunks to the pipeline."""
    app = App(
        settings.group,
        broker=[f"pouls://{address}" for address in settings.kafka.split(",")],
        store="memory://",
        autodiscover=False,
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        consumer_auto_offset_reset="none",  # a reset would hide a hole in the log
        consumer_metadata_max_age_ms=int(options.metadata_age_s * 1000),
        broker_session_timeout=options.session_timeout_s,
        broker_heartbeat_interval=options.heartbeat_s,
        broker_max_poll_interval=86_400.0,  # Redis away, nothing fetched: no reason to leave
        broker_max_poll_records=None,
        stream_wait_empty=False,  # nothing is acknowledged, nothing to wait for
    )
    app.feed = pipeline
    for topic in settings.topics.values():
        if topic.name != DEAD_LETTERS:
            _add_agent(app, topic, pipeline)

    @app.on_partitions_revoked.connect
    async def on_revoked(_: Any, /, *revoked: Any, **_signal: Any) -> None:  # noqa: ANN401  Faust's
        log.info("partitions revoked", extra={"partitions": _names(*revoked)})
        await pipeline.revoke()

    @app.on_partitions_assigned.connect
    async def on_assigned(_: Any, /, *assigned: Any, **_signal: Any) -> None:  # noqa: ANN401  Faust's
        log.info("partitions assigned", extra={"partitions": _names(*assigned)})
        pipeline.assigned()

    return app


def _names(tps: set[TP]) -> list[str]:
    return sorted(f"{tp.topic}-{tp.partition}" for tp in tps)


def _add_agent(app: App, topic: Topic, pipeline: Pipeline) -> None:
    channel = app.topic(
        topic.name,
        key_type=bytes,
        key_serializer="raw",
        value_type=bytes,
        value_serializer=ChunkCodec(),
        maxsize=QUEUE_CHUNKS,
        acks=False,
    )

    async def fold(chunks: StreamT[Chunk]) -> None:
        async for chunk in chunks:
            try:
                await pipeline.process(chunk)
            except Exception as exc:
                pipeline.fail(exc)
                raise

    app.agent(channel, name=f"fold-{topic.name}", supervisor_strategy=CrashingSupervisor)(fold)


class Worker:
    """One worker process."""

    def __init__(self, settings: Settings, options: Options, on_ending: Callable[[], None]) -> None:
        """`on_ending` is called when the end begins; it may hang (see above)."""
        self.settings, self.options, self._on_ending = settings, options, on_ending
        self.telemetry = Telemetry()
        self._store = Store(settings.redis)
        self._dead_letters = KafkaDeadLetters(settings.kafka)
        self.pipeline = Pipeline(
            settings,
            self._store,
            self._dead_letters,
            self.telemetry,
            self._fail,
            check_log=options.check_log,
        )
        self.vitals = Vitals(self.telemetry, self._unready)
        self._ending = asyncio.Event()
        self._failure: BaseException | None = None
        self._app: App | None = None

    def _fail(self, failure: BaseException) -> None:
        self._failure = self._failure or failure
        self._ending.set()

    def _unready(self) -> str:
        return self.pipeline.unready if self._app else "waiting for Kafka and Redis"

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
        app = create_app(self.settings, self.pipeline, self.options)
        self.pipeline.log = cast("Consumer", app.consumer)
        self._app = app
        self.pipeline.start()
        await app.start()
        log.info("started", extra={"group": self.settings.group})
        await app.crashed_event.wait()
        raise app.crash_reason or RuntimeError("Faust crashed")

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
        if self._app is not None:
            await self.pipeline.close()
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
    logs.configure({"pouls": logging.INFO, "kafka": logging.CRITICAL})  # topics.py tells
    gc.freeze()
    gc.set_threshold(*COLLECT)

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
