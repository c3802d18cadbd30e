"""The Faust app: consumer group, assignment, agents and flow control, and nothing else of Faust."""

import logging
from typing import Any, Final, cast

import faust
import msgspec
from faust.app import BootStrategy
from faust.types import TP, StreamT
from mode import CrashingSupervisor
from mode.utils.locks import Event as AnyEvent

from streams.chunks import Chunk, Feed, Log
from streams.settings import Settings, Topic
from streams.transport import Consumer  # registers pouls:// where nothing is installed

QUEUE_CHUNKS: Final = 8
"""Chunks that wait for an agent; beyond, Faust pauses their partitions."""

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
    def kafka(self) -> Log:
        """What the pipeline asks of Kafka."""
        return cast("Consumer", self.consumer)

    @property
    def gave_up(self) -> AnyEvent:
        """Set when Faust crashes."""
        return self._crashed


def create_app(settings: Settings, options: Options) -> App:
    """Returns the app: one agent for each topic of events, which hands chunks to `App.feed`."""
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
    for topic in settings.event_topics.values():
        _add_agent(app, topic)

    @app.on_partitions_revoked.connect
    async def on_revoked(_: Any, /, *revoked: Any, **_signal: Any) -> None:  # noqa: ANN401  Faust's
        log.info("partitions revoked", extra={"partitions": _names(*revoked)})
        await app.feed.revoke()

    @app.on_partitions_assigned.connect
    async def on_assigned(_: Any, /, *assigned: Any, **_signal: Any) -> None:  # noqa: ANN401  Faust's
        log.info("partitions assigned", extra={"partitions": _names(*assigned)})
        app.feed.assigned()

    return app


def _names(tps: set[TP]) -> list[str]:
    return sorted(f"{tp.topic}-{tp.partition}" for tp in tps)


def _add_agent(app: App, topic: Topic) -> None:
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
                await app.feed.process(chunk)
            except Exception as exc:
                app.feed.fail(exc)
                raise

    app.agent(channel, name=f"fold-{topic.name}", supervisor_strategy=CrashingSupervisor)(fold)
